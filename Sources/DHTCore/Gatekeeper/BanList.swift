internal import IPv8

/// The networks from which nothing is taken.
///
/// Every datagram is looked up here before anything else, so the networks of each family are kept as disjoint ranges in
/// order: one binary search, however long their prefixes are and however many overlap.
struct BanList: Sendable {
    private var bans: [Ban] = []
    private var ipv4 = Ranges()
    private var ipv6 = Ranges()
    /// `nil` if no ban ends.
    private var nextEnd: Instant?

    init() {}

    init(_ bans: some Sequence<Ban>, at now: Instant) {
        self.bans = bans.lazy.filter { $0.until.map { $0 > now } ?? true }.prefix(Ban.countMax).map { $0 }
        nextEnd = self.bans.compactMap(\.until).min()
        ipv4 = Ranges(self.bans.filter { $0.network.base.family == .ipv4 })
        ipv6 = Ranges(self.bans.filter { $0.network.base.family == .ipv6 })
    }

    var count: Int { bans.count }

    /// Whether a host is banned.
    mutating func contains(_ host: IPAddress, at now: Instant) -> Bool {
        guard !bans.isEmpty else { return false }
        if let nextEnd, nextEnd <= now { self = BanList(bans, at: now) }
        return host.family == .ipv4 ? ipv4.contains(host.number) : ipv6.contains(host.number)
    }

    /// Disjoint ranges of numbers, in order.
    private struct Ranges: Sendable {
        private var firsts: [UInt128] = []
        private var lasts: [UInt128] = []

        init() {}

        init(_ bans: [Ban]) {
            for (first, last) in bans.map(\.network.numbers).sorted(by: { $0.first < $1.first }) {
                if let end = lasts.last, first <= end {
                    lasts[lasts.count - 1] = max(end, last)
                } else {
                    firsts.append(first)
                    lasts.append(last)
                }
            }
        }

        func contains(_ number: UInt128) -> Bool {
            var (low, high) = (0, firsts.count)
            while low < high {
                let middle = (low + high) / 2
                if firsts[middle] <= number { low = middle + 1 } else { high = middle }
            }
            return low > 0 && number <= lasts[low - 1]
        }
    }
}
