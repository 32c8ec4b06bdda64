internal import IPv8

/// A request of ours.
struct Request: Sendable {
    /// What is sent, once the request has its number.
    let body: Body
    /// Where it goes.
    let address: Address
    /// Who is to answer; `nil` if anybody at the address may.
    let publicKey: PublicKey?
    /// The contact that is known to be at the address, for a request that anybody there may answer.
    var contact: PublicKey?
    /// What the answer is for.
    let purpose: Purpose
    /// Whether it counts against what maintenance may send.
    var isBudgeted = false
    /// When it was sent; `nil` while it waits.
    var sentAt: Instant?
    /// Whether its answer is late.
    var isLate = false
    /// How many answers to it are being checked.
    var checksUnderWay = 0
    /// Tells two requests that had the same number apart.
    var serial: UInt64 = 0

    /// A request that one node is to answer.
    init(_ body: Body, to node: NodeInfo, for purpose: Purpose, isBudgeted: Bool = false) {
        self.body = body
        address = node.address
        publicKey = node.publicKey
        self.purpose = purpose
        self.isBudgeted = isBudgeted
    }

    /// A request that anybody at an address may answer.
    init(_ body: Body, at address: Address, knownContact contact: PublicKey?, for purpose: Purpose) {
        self.body = body
        self.address = address
        publicKey = nil
        self.contact = contact
        self.purpose = purpose
    }

    var kind: Kind {
        switch body {
        case .ping: .ping
        case .find: .find
        case .store: .store
        case .introduction: .introduction
        case .storePeer: .storePeer
        case .connectPeer: .connectPeer
        }
    }

    /// The node that is asked, as far as we know which it is.
    var node: NodeInfo? { (publicKey ?? contact).map { NodeInfo(address: address, publicKey: $0) } }

    /// When it is given up, if no answer to it is being checked; `nil` while it waits.
    var due: Instant? { sentAt.map { $0 + kind.patience } }
    /// When it is given up in any case.
    var heldUntil: Instant? { sentAt.map { $0 + kind.patience * 2 } }

    /// The kinds of request that we wait for answers to.
    enum Kind: Hashable, Sendable {
        case ping, find, store, introduction, storePeer, connectPeer

        /// The kind of request that a response answers; `nil` for other messages.
        init?(answeredBy response: MessageKind) {
            switch response {
            case .pingResponse: self = .ping
            case .findResponse: self = .find
            case .storeResponse: self = .store
            case .introductionResponse, .introductionResponseV1: self = .introduction
            case .storePeerResponse: self = .storePeer
            case .connectPeerResponse: self = .connectPeer
            default: return nil
            }
        }

        /// The largest number of such a request. A puncture carries the number of the request that it follows from in
        /// 16 bits, and the reference fails on larger ones; all others have 32.
        var numberMax: UInt32 {
            switch self {
            case .ping, .store, .storePeer: .max
            case .find, .introduction, .connectPeer: RequestID.requestMax
            }
        }

        /// Whether an answer shows that the request was received where it was sent. All numbers of 16 bits can be sent
        /// within a second, by somebody who has received nothing.
        var provesAddress: Bool { numberMax == .max }

        /// How long an answer may take, as in the reference.
        var patience: Duration {
            switch self {
            case .find: .seconds(2)
            case .introduction: .seconds(3)
            case .ping, .store, .storePeer, .connectPeer: .seconds(5)
            }
        }
    }

    /// What the answer is for.
    enum Purpose: Sendable {
        /// To see whether a node is there.
        case liveness
        /// To find our way into the overlay.
        case walk
        /// A user's ping.
        case command(CommandID)
        /// A step of a lookup.
        case lookup(ActivityID)
        /// One more page of the values that a node has for a lookup.
        case page(ActivityID)
        /// To have a node punctured that is the next to be asked in a lookup.
        case puncture(ActivityID, NodeInfo)
        /// A step of a publication.
        case publication(ActivityID)
        /// To republish values, of which the first has an identity.
        case republication(ActivityID, Target, EntryID)
        /// To be remembered by a node.
        case ownRecord
        /// A step of the search for a peer by its key.
        case connection(ActivityID)
        /// To see whether the peer with a mid is where the user knows it to be.
        case knownAddress(CommandID, Mid)
        /// To see whether another node has this node's key.
        case twin
    }

    /// Whether something goes on when the answer is late.
    var mattersWhenLate: Bool {
        switch purpose {
        case .lookup, .puncture, .publication, .connection: true
        case .liveness, .walk, .command, .page, .republication, .ownRecord, .knownAddress, .twin: false
        }
    }

    /// What a request says beyond its number.
    enum Body: Sendable {
        case ping
        case find(Target, offset: UInt32, wantsNodes: Bool)
        case store(Token, Target, [[UInt8]])
        case storePeer(Token, Target)
        case connectPeer(Target)
        /// With our address as others see it.
        case introduction(wan: Address)
    }
}

extension Message {
    /// The number of the request that the message answers; `nil` if it is no answer.
    var responseID: RequestID? {
        switch self {
        case .pingResponse(let response): response.id
        case .storeResponse(let response): response.id
        case .findResponse(let response): response.id
        case .storePeerResponse(let response): response.id
        case .connectPeerResponse(let response): response.id
        case .introductionResponse(let response): RequestID(UInt32(response.identifier))
        case .pingRequest, .storeRequest, .findRequest, .storePeerRequest, .connectPeerRequest,
            .introductionRequest, .punctureRequest, .puncture:
            nil
        }
    }
}

/// How many answers are awaited by something that goes on without the late ones.
struct AwaitedAnswers: Sendable {
    /// The answers that are not late.
    private(set) var promptCount = 0
    private(set) var lateCount = 0

    mutating func asked() { promptCount += 1 }

    mutating func becameLate() {
        promptCount -= 1
        lateCount += 1
    }

    /// An answer has come, or is not awaited any longer.
    mutating func ended(wasLate: Bool) {
        if wasLate { lateCount -= 1 } else { promptCount -= 1 }
    }

    /// Whether none is awaited any longer. Late ones are only if what has come is not enough.
    func isOver(isEnough: Bool) -> Bool { promptCount == 0 && (lateCount == 0 || isEnough) }
}
