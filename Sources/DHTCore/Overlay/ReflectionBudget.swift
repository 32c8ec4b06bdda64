internal import IPv8
internal import Kademlia

/// How many bytes go to addresses that have not proved that they receive what we send there.
///
/// Whoever forges the source of a request has our answer go to somebody else. An answer may be eight times as large as its
/// request, so a factor of what came in, as in QUIC, would cut the answers to honest newcomers short. Instead a host,
/// its network, and all of them together have a number of bytes a second each, and some in advance. That is plenty for
/// newcomers, and too little to hurt anybody. Contacts and peers that have proved their address are not limited here.
struct ReflectionBudget: Sendable {
    private var hosts: [IPAddress: Instant] = [:]
    private var networks: [NetworkPrefix: Instant] = [:]
    private var everybody = Instant.distantPast
    private var tidiedAt = Instant.distantPast

    /// A number of bytes a second, of which as many seconds' worth may go at once.
    struct Rate: Sendable {
        let bytesPerSecond: Int
        let burst: Duration

        /// How long the rate takes for so many bytes.
        func duration(of byteCount: Int) -> Duration {
            .nanoseconds(Int64(byteCount) * 1_000_000_000 / Int64(bytesPerSecond))
        }
    }

    /// For a host; in IPv6 for a /64. One lookup by a newcomer takes 0.9 to 1.6 kB.
    static let hostRate = Rate(bytesPerSecond: 1024, burst: .seconds(8))
    /// For a /24 or /48.
    static let networkRate = Rate(bytesPerSecond: 4096, burst: .seconds(8))
    /// For all of them together.
    static let totalRate = Rate(bytesPerSecond: 65_536, burst: .seconds(4))
    /// How many hosts, and how many networks, are kept count of.
    static let entriesMax = 8192

    /// How many hosts and networks are kept count of.
    var count: Int { hosts.count + networks.count }

    /// Takes bytes out of the budget of a host; `false`, and nothing taken, if it does not hold that many.
    ///
    /// - Parameter sharesTotal: whether they count among those of all hosts too.
    mutating func take(
        _ byteCount: Int, for host: IPAddress, of network: NetworkPrefix, sharesTotal: Bool = true, at now: Instant
    ) -> Bool {
        // Each budget is the moment at which it is full again: taking bytes moves that on.
        let total = ReflectionBudget.after(byteCount, everybody, ReflectionBudget.totalRate, now)
        if sharesTotal, total == nil { return false }
        if max(hosts.count, networks.count) >= ReflectionBudget.entriesMax { tidy(at: now) }
        let site = host.site
        guard
            let ofNetwork = ReflectionBudget.after(
                byteCount, networks[network] ?? now, ReflectionBudget.networkRate, now),
            let ofHost = ReflectionBudget.after(byteCount, hosts[site] ?? now, ReflectionBudget.hostRate, now),
            max(hosts.count, networks.count) < ReflectionBudget.entriesMax || hosts[site] != nil
        else { return false }
        networks[network] = ofNetwork
        hosts[site] = ofHost
        if sharesTotal, let total { everybody = total }
        return true
    }

    private static func after(_ byteCount: Int, _ fullAt: Instant, _ rate: Rate, _ now: Instant) -> Instant? {
        let next = max(fullAt, now) + rate.duration(of: byteCount)
        return next - now <= rate.burst ? next : nil
    }

    /// Forgets the budgets that are full again, a second after the last time at the earliest.
    private mutating func tidy(at now: Instant) {
        guard now - tidiedAt >= .seconds(1) else { return }
        tidiedAt = now
        hosts = hosts.filter { $0.value > now }
        networks = networks.filter { $0.value > now }
    }
}
