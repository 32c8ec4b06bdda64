internal import IPv8
internal import Kademlia

/// The nodes that have been asked for a sign of life and are not contacts yet.
///
/// A node that asks us something is asked back, and its address may be forged. So there are a limited number of places, and
/// a network has a few of them. A place is free again when its node answers, or after about a second. That time is
/// random, so nobody can aim at the moment at which places become free. An answer counts for as long as its request
/// lives, even if the place is taken by then.
///
/// A flood of forged requests would take every place. But it can forge many addresses or repeat few, not both: so most
/// places are for nodes that have asked before. A newcomer that is real asks again.
struct Probes: Sendable {
    private var underWay: [NodeID: Probe] = [:]
    private var firstTimerCount = 0
    /// None of the places is free before this, unless its node answers.
    private var endsMin = Instant.distantPast
    private var earlierAskers: EarlierAskers
    private let limitsLocal: Bool

    private struct Probe {
        let network: NetworkPrefix
        let ends: Instant
        let isFirstTimer: Bool
    }

    /// How many nodes may be asked at once that have not asked us before, as far as we remember.
    static let firstTimersMax = 64
    /// How many nodes may be asked at once in all.
    static let countMax = 320
    /// How many of one network, loopback and private ones excepted.
    static let countPerNetworkMax = 4
    /// How long a place is taken, at least and at most.
    private static let holdMilliseconds: ClosedRange<Int64> = 500...1500

    /// - Parameter key: 16 unpredictable bytes.
    init(limitsLocal: Bool, key: [UInt8]) {
        self.limitsLocal = limitsLocal
        earlierAskers = EarlierAskers(key: key)
    }

    /// How many have been asked and not answered.
    var count: Int { underWay.count }

    /// Takes a place for a node; `false` if it has one, or there is none for it.
    mutating func begin(
        _ id: NodeID, at host: IPAddress, now: Instant, using generator: inout RandomNumbers
    ) -> Bool {
        if endsMin <= now { dropOver(at: now) }
        guard underWay[id] == nil else { return false }
        let network = NetworkPrefix(host, limitingLocal: limitsLocal)
        guard network.isExempt || underWay.values.count(where: { $0.network == network }) < Probes.countPerNetworkMax
        else { return false }
        let isFirstTimer = firstTimerCount < Probes.firstTimersMax
        guard isFirstTimer || earlierAskers.contains(orAdds: id), count < Probes.countMax else { return false }
        let ends = now + .milliseconds(Int64.random(in: Probes.holdMilliseconds, using: &generator))
        endsMin = count == 0 ? ends : min(endsMin, ends)
        underWay[id] = Probe(network: network, ends: ends, isFirstTimer: isFirstTimer)
        if isFirstTimer { firstTimerCount += 1 }
        return true
    }

    /// A node has answered, whatever it was asked.
    mutating func end(_ id: NodeID) {
        if underWay.removeValue(forKey: id)?.isFirstTimer == true { firstTimerCount -= 1 }
    }

    private mutating func dropOver(at now: Instant) {
        endsMin = now + .seconds(2)
        var over: [NodeID] = []
        for (id, probe) in underWay {
            if probe.ends > now { endsMin = min(endsMin, probe.ends) } else { over.append(id) }
        }
        for id in over { end(id) }
    }
}

/// The nodes that lately asked us something while there was no place for them among those that are asked back.
///
/// A table of fixed size, so that no flood makes it grow: each node has a slot, and the last node of a slot stays. It is
/// laid out at the first shortage.
private struct EarlierAskers: Sendable {
    private var marks: [UInt16] = []
    private let key: [UInt8]

    private static let slotCount = 65_536

    init(key: [UInt8]) { self.key = key }

    /// Whether a node has asked before; if not, it has from now on.
    mutating func contains(orAdds id: NodeID) -> Bool {
        if marks.isEmpty { marks = [UInt16](repeating: 0, count: EarlierAskers.slotCount) }
        let digest = Digest.keyed64(id.bits.high ^ id.bits.middle, key: key)
        let slot = Int(truncatingIfNeeded: digest % UInt64(EarlierAskers.slotCount))
        let mark = UInt16(truncatingIfNeeded: digest >> 48) | 1
        defer { marks[slot] = mark }
        return marks[slot] == mark
    }
}
