internal import DHTCore
internal import IPv8
internal import Kademlia

/// Matches an answer to its request, only by type and number.
struct RequestKey: Hashable {
    let kind: Kind
    let number: UInt32

    enum Kind { case ping, find, store, storePeer }
}

/// A request that has not been answered yet.
struct PendingRequest {
    let contact: ReferenceContact
    let sentAt: Instant
    let purpose: Purpose

    enum Purpose {
        case ping
        /// To make the next node of the lookup puncture us.
        case puncture(ReferenceCrawl, before: ReferenceContact)
        case lookup(ReferenceCrawl)
        case store(ReferenceStoring)
        case storePeer
    }
}

/// Values on their way to some nodes, and the caller that waits.
final class ReferenceStoring {
    let waiter: ReferenceCrawl
    var left: Int
    var acknowledged = 0
    let asked: Int

    init(for waiter: ReferenceCrawl, asking count: Int) {
        self.waiter = waiter
        left = count
        asked = count
    }
}

/// Requests and their answers.
extension ReferenceNode {
    private static let findTimeOut: Duration = .seconds(2)
    private static let otherTimeOut: Duration = .seconds(5)
    /// `TOKEN_EXPIRATION_TIME`.
    static let tokenLifetime: Duration = .seconds(600)

    /// The contents of an answer.
    enum Answer {
        case pong
        case stored
        case found(FindResponse)
    }

    /// Sends a request with a new number.
    func request(
        _ kind: RequestKey.Kind, of contact: ReferenceContact, for purpose: PendingRequest.Purpose,
        _ actions: inout Actions, _ message: (RequestID) -> Message
    ) {
        var key: RequestKey
        repeat {
            key = RequestKey(
                kind: kind, number: UInt32.random(in: 0...RequestID.requestMax, using: &actions.generator))
        } while pending[key] != nil
        pending[key] = PendingRequest(contact: contact, sentAt: actions.now, purpose: purpose)
        let wait = kind == .find ? ReferenceNode.findTimeOut : ReferenceNode.otherTimeOut
        timers.insert(.timeOut(key), at: actions.now + wait)
        send(message(RequestID(key.number)), to: contact.node.address, &actions)
    }

    func ping(_ contact: ReferenceContact, _ actions: inout Actions) {
        contact.lastPing = actions.now
        request(.ping, of: contact, for: .ping, &actions) { .pingRequest(PingRequest(id: $0)) }
    }

    func find(
        _ target: Target, at contact: ReferenceContact, for purpose: PendingRequest.Purpose, wantsNodes: Bool,
        _ actions: inout Actions
    ) {
        let lan = address
        request(.find, of: contact, for: purpose, &actions) {
            .findRequest(FindRequest(id: $0, lan: lan, target: target, wantsNodes: wantsNodes))
        }
    }

    func answered(_ kind: RequestKey.Kind, _ id: RequestID, _ answer: Answer, _ actions: inout Actions) {
        guard let request = pending.removeValue(forKey: RequestKey(kind: kind, number: id.number)) else { return }
        if kind != .storePeer { request.contact.noteResponse(at: actions.now, sentAt: request.sentAt) }
        if case .found(let response) = answer {
            tokens[request.contact.id] = (response.token, actions.now)
        }
        conclude(request, answer, &actions)
    }

    func timeOut(_ key: RequestKey, _ actions: inout Actions) {
        // The number may have been used again.
        let wait = key.kind == .find ? ReferenceNode.findTimeOut : ReferenceNode.otherTimeOut
        guard let request = pending[key], actions.now - request.sentAt >= wait else { return }
        pending[key] = nil
        request.contact.failures += 1
        if request.contact.isBad { scheduleStep(by: actions.now, after: actions.now) }
        conclude(request, nil, &actions)
    }

    /// Continues after an answer or a timeout.
    private func conclude(_ request: PendingRequest, _ answer: Answer?, _ actions: inout Actions) {
        switch request.purpose {
        case .ping: return
        case .puncture(let crawl, let contact): ask(contact, in: crawl, &actions)
        case .lookup(let crawl):
            crawl.underWay -= 1
            if case .found(let response) = answer {
                _ = addToTable(request.contact, at: actions.now)
                crawl.answered(
                    request.contact, crawl.wantsNodes ? [] : authentic(response.values),
                    naming: crawl.wantsNodes || response.values.isEmpty ? response.nodes : [])
            }
            advance(crawl, &actions)
        case .store(let storing):
            storing.left -= 1
            if answer != nil { storing.acknowledged += 1 }
            if storing.left == 0 { stored(storing, &actions) }
        case .storePeer:
            guard answer != nil, !keepers.contains(where: { $0.mid == request.contact.mid }) else { return }
            keepers.append(request.contact)
        }
    }

    private func authentic(_ values: [[UInt8]]) -> [Entry] {
        values.compactMap { try? Entry(bytes: $0) }.filter { signatures.isAuthentic($0, verifier) }
    }
}
