internal import IPv8
internal import Kademlia

/// Where peers are that have asked us to remember it, for those who look for them by key.
///
/// A peer has one record in each address family, at the address that it last came from. A record is dropped 60 seconds
/// after the peer's last sign of life. All of it is bounded: a newcomer to a full registry takes the place of whoever
/// has been quiet longest, and one network prefix cannot hold more than its share.
struct PeerRegistry: Sendable {
    private var records: [Mid: [AddressFamily: Record]] = [:]
    private var prefixCounts: [NetworkPrefix: Int] = [:]
    private(set) var count = 0
    private var droppedAt = Instant.distantPast
    private let limitsLocal: Bool

    private struct Record {
        var node: NodeInfo
        var lastSign: Instant
    }

    /// How long a record outlives its peer's last sign of life, as in the reference.
    static let lifetime: Duration = .seconds(60)
    /// How often it is looked for records to drop; a record that is too old is not given out in any case.
    private static let dropInterval: Duration = .seconds(10)
    /// How many records are kept.
    static let recordsMax = 10_000
    /// How many of them may be of one network prefix, loopback and private ones excepted.
    static let recordsPerPrefixMax = 256

    init(limitsLocal: Bool = false) { self.limitsLocal = limitsLocal }

    /// Remembers a peer. Returns whether there was room.
    mutating func store(_ node: NodeInfo, at now: Instant) -> Bool {
        let mid = node.publicKey.mid
        if let known = records[mid]?[node.address.family] { remove(known.node) }
        let prefix = NetworkPrefix(node.address.host, limitingLocal: limitsLocal)
        guard prefix.isExempt || prefixCounts[prefix, default: 0] < PeerRegistry.recordsPerPrefixMax else {
            return false
        }
        if count >= PeerRegistry.recordsMax { dropQuietest() }
        records[mid, default: [:]][node.address.family] = Record(node: node, lastSign: now)
        prefixCounts[prefix, default: 0] += 1
        count += 1
        return true
    }

    /// Notes a sign of life of a peer that may have a record.
    mutating func noteSign(of node: NodeInfo, at now: Instant) {
        guard records[node.publicKey.mid]?[node.address.family]?.node == node else { return }
        records[node.publicKey.mid]?[node.address.family]?.lastSign = now
    }

    /// Where the peer with a mid is.
    func find(_ mid: Mid, at now: Instant) -> [NodeInfo] {
        AddressFamily.allCases.compactMap { records[mid]?[$0] }
            .filter { now - $0.lastSign < PeerRegistry.lifetime }
            .map(\.node)
    }

    /// Forgets who has been quiet for too long.
    mutating func dropQuiet(at now: Instant) {
        guard now - droppedAt >= PeerRegistry.dropInterval else { return }
        droppedAt = now
        let quiet = records.values.flatMap(\.values).filter { now - $0.lastSign >= PeerRegistry.lifetime }
        for record in quiet { remove(record.node) }
    }

    private mutating func dropQuietest() {
        let all = records.values.flatMap(\.values)
        guard
            let quietest = all.min(by: {
                ($0.lastSign, $0.node.publicKey.mid, $0.node.address)
                    < ($1.lastSign, $1.node.publicKey.mid, $1.node.address)
            })
        else { return }
        remove(quietest.node)
    }

    private mutating func remove(_ node: NodeInfo) {
        let mid = node.publicKey.mid
        guard records[mid]?.removeValue(forKey: node.address.family) != nil else { return }
        if records[mid]?.isEmpty == true { records[mid] = nil }
        let prefix = NetworkPrefix(node.address.host, limitingLocal: limitsLocal)
        prefixCounts[prefix, default: 1] -= 1
        if prefixCounts[prefix] == 0 { prefixCounts[prefix] = nil }
        count -= 1
    }
}
