package import IPv8
internal import Kademlia

/// A node that does nothing by itself. It answers as the reference does, from a fixed routing table, at a tenth of the
/// cost of one of our nodes. So one of our nodes can be watched for hours among thousands of others.
///
/// It accepts ten requests in five seconds from each sender, gives out tokens for five to ten minutes, and stores
/// values for an hour, or for less if other nodes are closer. It checks no signatures.
package final class StillNode: Resident {
    /// Counts its stores.
    package let ledger: StoreLedger
    private let settlement: Settlement
    private let place: Int
    private let contacts: [Int]
    private let identity: Identity
    private let servedFor: Duration
    private let keepsValues: Bool
    private var values: [Target: [Kept]] = [:]
    private var senders: [NodeID: [Instant]] = [:]

    private struct Kept {
        let id: EntryID
        let entry: Entry
        let expiresAt: Instant
    }

    private static let requestsMax = 10
    private static let requestsInterval: Duration = .seconds(5)
    private static let tokenTurn: Int64 = 300

    /// - Parameters:
    ///   - place: its index in the settlement.
    ///   - keepsValues: whether it can return what it stores.
    init(
        _ identity: Identity, place: Int, in settlement: Settlement, ledger: StoreLedger, servedFor: Duration,
        keepsValues: Bool, using generator: inout SeededGenerator
    ) {
        self.identity = identity
        self.place = place
        self.settlement = settlement
        self.ledger = ledger
        self.servedFor = servedFor
        self.keepsValues = keepsValues
        contacts = settlement.contacts(of: place, using: &generator)
    }

    package var nextWakeUp: Instant? { nil }

    package func wake(_ actions: inout Actions) {}

    package func receive(_ bytes: [UInt8], from source: Address, _ actions: inout Actions) {
        guard let packet = try? Packet(decoding: bytes), let key = packet.sender else { return }
        let asker = NodeInfo(address: source, publicKey: key)
        switch packet.message {
        case .pingRequest(let request):
            guard admits(asker, at: actions.now) else { return }
            answer(.pingResponse(PingResponse(id: request.id)), asker, &actions)
        case .findRequest(let request):
            guard admits(asker, at: actions.now) else { return }
            answer(.findResponse(find(request, by: asker, at: actions.now)), asker, &actions)
        case .storeRequest(let request):
            guard admits(asker, at: actions.now), store(request, by: asker, at: actions.now) else { return }
            answer(.storeResponse(StoreResponse(id: request.id)), asker, &actions)
        case .storePeerRequest(let request):
            answer(.storePeerResponse(StorePeerResponse(id: request.id)), asker, &actions)
        case .introductionRequest(let request):
            answer(.introductionResponse(introduce(request, to: asker, &actions)), asker, &actions)
        default: return
        }
    }

    private func answer(_ message: Message, _ asker: NodeInfo, _ actions: inout Actions) {
        actions.send(identity.packet(message), to: asker.address)
    }

    /// Ignores more than ten requests in five seconds.
    private func admits(_ asker: NodeInfo, at now: Instant) -> Bool {
        let id = NodeID(host: asker.address.host, mid: asker.publicKey.mid)
        senders[id, default: []].removeAll { $0 <= now - StillNode.requestsInterval }
        guard senders[id, default: []].count < StillNode.requestsMax else {
            ledger.refusedCount += 1
            return false
        }
        senders[id, default: []].append(now)
        return true
    }

    private func find(_ request: FindRequest, by asker: NodeInfo, at now: Instant) -> FindResponse {
        let turn = now.seconds / StillNode.tokenTurn
        let served =
            request.wantsNodes
            ? [] : values[request.target, default: []].filter { $0.expiresAt > now }.prefix(8).map(\.entry.bytes)
        let nodes = served.isEmpty ? closest(to: request.target, besides: asker) : []
        return FindResponse(id: request.id, token: token(of: asker, turn: turn), values: Array(served), nodes: nodes)
    }

    private func closest(to target: Target, besides asker: NodeInfo) -> [NodeInfo] {
        contacts.map { (index: $0, distance: Distance(settlement.members[$0].id, target)) }
            .sorted { $0.distance < $1.distance }
            .lazy.map { [settlement] in settlement.members[$0.index].node }
            .filter { $0 != asker }
            .prefix(FindResponse.nodeCountMax)
            .map { $0 }
    }

    private func token(of asker: NodeInfo, turn: Int64) -> Token {
        let subject = asker.address.host.bytes + asker.publicKey.mid.bytes
        let checksum = subject.withUnsafeBytes { Digest.checksum64($0) }
        return Token(bits: Bits160(high: checksum, middle: UInt64(place), low: UInt32(truncatingIfNeeded: turn)))
    }

    /// Whether a store is acknowledged.
    private func store(_ request: StoreRequest, by asker: NodeInfo, at now: Instant) -> Bool {
        let turn = now.seconds / StillNode.tokenTurn
        guard [turn, turn - 1].contains(where: { token(of: asker, turn: $0) == request.token }),
            request.values.count <= StoreRequest.valueCountMax
        else { return false }
        let expiresAt = now + servingTime(of: request.target)
        ledger.note(request.target, on: place, at: now, until: expiresAt)
        guard keepsValues else { return true }
        for value in request.values {
            guard let entry = try? Entry(bytes: value) else { return false }
            keep(entry, under: request.target, until: expiresAt)
        }
        return true
    }

    /// Gives it a value that it stored before the world began.
    func keep(_ entry: Entry, under target: Target, until expiresAt: Instant) {
        let id = entry.id
        let version = entry.signature?.version ?? Version(0)
        if let index = values[target]?.firstIndex(where: { $0.id == id }) {
            guard let held = values[target]?[index].entry.signature?.version, version < held else {
                values[target]?[index] = Kept(id: id, entry: entry, expiresAt: expiresAt)
                return
            }
            return
        }
        values[target, default: []].append(Kept(id: id, entry: entry, expiresAt: expiresAt))
    }

    /// Whether it serves a value.
    package func serves(_ entry: Entry, under target: Target, at now: Instant) -> Bool {
        values[target]?.contains { $0.entry == entry && $0.expiresAt > now } ?? false
    }

    /// An hour, halved for each closer node beyond the seventh.
    func servingTime(of target: Target) -> Duration {
        let own = Distance(settlement.members[place].id, target)
        let closer = contacts.count { Distance(settlement.members[$0].id, target) < own }
        return servedFor / (1 << max(0, min(closer, 20) - Bucket.sizeMax + 1))
    }

    private func introduce(
        _ request: IntroductionRequest, to asker: NodeInfo, _ actions: inout Actions
    ) -> IntroductionResponse {
        let introduced = contacts.randomElement(using: &actions.generator).map { settlement.members[$0].node.address }
        let own = settlement.members[place].node.address
        return IntroductionResponse(
            style: request.style, globalTime: 0, destination: asker.address, sourceLAN: own, sourceWAN: own,
            introducedLAN: .none, introducedWAN: introduced ?? .none, flags: [], identifier: request.identifier)
    }
}
