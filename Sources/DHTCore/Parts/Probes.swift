internal import IPv8
internal import Kademlia

/// The nodes that are no contacts and have been asked for a sign of life.
///
/// Who asks us something is asked back, and its address may be forged: so there are a few places, of which a network
/// has a few. A place is free again once its node has answered, or has had its time to.
struct Probes: Sendable {
    private var underWay: [NodeID: Probe] = [:]
    /// None of the places is free before this, unless its node answers.
    private var endsMin = Instant.distantPast
    private let limitsLocal: Bool

    private struct Probe {
        let network: NetworkPrefix
        let ends: Instant
    }

    /// How many nodes may be asked at once.
    static let countMax = 64
    /// How many of one network, loopback and private ones excepted.
    static let countPerNetworkMax = 4
    private static let patience = Request.Kind.ping.patience

    init(limitsLocal: Bool) { self.limitsLocal = limitsLocal }

    /// How many have been asked and not answered.
    var count: Int { underWay.count }

    /// Takes a place for a node; `false` where it has one, or there is none for it.
    mutating func begin(_ id: NodeID, at host: IPAddress, now: Instant) -> Bool {
        if endsMin <= now { dropOver(at: now) }
        guard underWay[id] == nil, count < Probes.countMax else { return false }
        let network = NetworkPrefix(host, limitingLocal: limitsLocal)
        guard network.isExempt || underWay.values.count(where: { $0.network == network }) < Probes.countPerNetworkMax
        else { return false }
        let ends = now + Probes.patience
        endsMin = count == 0 ? ends : min(endsMin, ends)
        underWay[id] = Probe(network: network, ends: ends)
        return true
    }

    /// A node has answered, whatever it was asked.
    mutating func end(_ id: NodeID) { underWay[id] = nil }

    private mutating func dropOver(at now: Instant) {
        underWay = underWay.filter { $0.value.ends > now }
        endsMin = underWay.values.reduce(now + Probes.patience) { min($0, $1.ends) }
    }
}
