internal import IPv8
internal import Kademlia

/// Where peers are that have asked us to remember it, for those who look for them by key.
///
/// A peer has one record in each address family, at the address that it last came from. A record is dropped 60 seconds
/// after the peer's last sign of life. All of it is bounded: a newcomer to a full registry takes the place of whoever
/// has been quiet longest, and one network prefix cannot hold more than its share.
struct PeerRegistry: Sendable {
    private var records: [Place: Record] = [:]
    private var prefixCounts: [NetworkPrefix: Int] = [:]
    /// None of the records is to be dropped before this: what a peer does only moves its time on.
    private var dropDue = Instant.distantPast
    private let limitsLocal: Bool

    /// What a record is found by.
    private struct Place: Hashable {
        let mid: Mid
        let family: AddressFamily

        init(_ mid: Mid, _ family: AddressFamily) {
            self.mid = mid
            self.family = family
        }

        init(of node: NodeInfo) { self.init(node.publicKey.mid, node.address.family) }
    }

    private struct Record {
        let node: NodeInfo
        var lastSign: Instant

        mutating func noteSign(of other: NodeInfo, at now: Instant) {
            if other == node { lastSign = now }
        }
    }

    /// How long a record outlives its peer's last sign of life, as in the reference.
    static let lifetime: Duration = .seconds(60)
    /// How many records are kept.
    static let recordsMax = 10_000
    /// How many of them may be of one network prefix, loopback and private ones excepted.
    static let recordsPerPrefixMax = 256

    init(limitsLocal: Bool = false) { self.limitsLocal = limitsLocal }

    /// How many records there are.
    var count: Int { records.count }

    /// How many records each peer has.
    var countsByMid: [Mid: Int] { records.keys.reduce(into: [:]) { $0[$1.mid, default: 0] += 1 } }

    /// Remembers a peer. Returns whether there was room.
    mutating func store(_ node: NodeInfo, at now: Instant) -> Bool {
        let place = Place(of: node)
        remove(place)
        let prefix = NetworkPrefix(node.address.host, limitingLocal: limitsLocal)
        guard prefix.isExempt || prefixCounts[prefix, default: 0] < PeerRegistry.recordsPerPrefixMax else {
            return false
        }
        if count >= PeerRegistry.recordsMax { dropQuietest() }
        records[place] = Record(node: node, lastSign: now)
        prefixCounts[prefix, default: 0] += 1
        return true
    }

    /// Notes a sign of life of a peer that may have a record.
    mutating func noteSign(of node: NodeInfo, at now: Instant) {
        guard let index = records.index(forKey: Place(of: node)) else { return }
        records.values[index].noteSign(of: node, at: now)
    }

    func find(_ mid: Mid, at now: Instant) -> [NodeInfo] {
        AddressFamily.allCases.compactMap { records[Place(mid, $0)] }
            .filter { now - $0.lastSign < PeerRegistry.lifetime }
            .map(\.node)
    }

    /// Forgets who has been quiet for too long.
    mutating func dropQuiet(at now: Instant) {
        guard dropDue <= now else { return }
        dropDue = now + PeerRegistry.lifetime
        for (place, record) in records {
            let due = record.lastSign + PeerRegistry.lifetime
            if due <= now { remove(place) } else { dropDue = min(dropDue, due) }
        }
    }

    private mutating func dropQuietest() {
        let quietest = records.values.min {
            ($0.lastSign, $0.node.publicKey.mid, $0.node.address)
                < ($1.lastSign, $1.node.publicKey.mid, $1.node.address)
        }
        if let quietest { remove(Place(of: quietest.node)) }
    }

    private mutating func remove(_ place: Place) {
        guard let record = records.removeValue(forKey: place) else { return }
        let prefix = NetworkPrefix(record.node.address.host, limitingLocal: limitsLocal)
        prefixCounts[prefix, default: 1] -= 1
        if prefixCounts[prefix] == 0 { prefixCounts[prefix] = nil }
    }
}
