/// Everything that one peer of the DHT overlay can say to another.
///
/// Messages with many addresses, which are few, lie elsewhere in memory, so that all others are small.
public enum Message: Hashable, Sendable {
    /// "Are you there?"
    case pingRequest(PingRequest)
    /// "I am."
    case pingResponse(PingResponse)
    /// "Keep these values under this target."
    case storeRequest(StoreRequest)
    /// "I do."
    case storeResponse(StoreResponse)
    /// "What is under this target, or who is near it?"
    case findRequest(FindRequest)
    /// Values or nodes, and the permission to store.
    case findResponse(FindResponse)
    /// "Remember where I am, for those who look for me by key."
    case storePeerRequest(StorePeerRequest)
    /// "I do."
    case storePeerResponse(StorePeerResponse)
    /// "Connect me with the peer that has this mid."
    case connectPeerRequest(ConnectPeerRequest)
    case connectPeerResponse(ConnectPeerResponse)
    /// "Introduce me to somebody."
    indirect case introductionRequest(IntroductionRequest)
    /// Somebody's address, and the asker's own as seen from outside.
    indirect case introductionResponse(IntroductionResponse)
    /// "Send a puncture to this walker."
    indirect case punctureRequest(PunctureRequest)
    /// A packet whose passing opens the sender's NAT.
    indirect case puncture(Puncture)

    /// The byte behind the prefix that tells messages apart.
    public var id: UInt8 {
        switch self {
        case .pingRequest: 1
        case .pingResponse: 2
        case .storeRequest: 3
        case .storeResponse: 4
        case .findRequest: 5
        case .findResponse: 6
        case .storePeerRequest: 7
        case .storePeerResponse: 8
        case .connectPeerRequest: 9
        case .connectPeerResponse: 10
        case .introductionRequest(let request): request.style == .old ? 246 : 234
        case .introductionResponse(let response): response.style == .old ? 245 : 233
        case .punctureRequest(let request): request.style == .old ? 250 : 232
        case .puncture(let puncture): puncture.style == .old ? 249 : 231
        }
    }

    /// Whether the packet carries a public key and a signature: all but the puncture requests do.
    public var isSigned: Bool {
        if case .punctureRequest = self { false } else { true }
    }
}

/// Ties a response to its request.
///
/// The field has 32 bits in the DHT's messages and 16 in introductions and punctures. The reference copies the one into
/// the other and fails on what does not fit, so a node of ours never sends more than ``requestMax``.
public struct RequestID: Hashable, Sendable {
    /// The number as on the wire.
    public let number: UInt32

    /// Wraps the number that is on the wire.
    public init(_ number: UInt32) { self.number = number }

    /// The largest number to put into a request that a puncture may follow from, which carries the same number in 16
    /// bits: introductions, finds, and requests to connect with a peer.
    public static let requestMax: UInt32 = 65_535
}

/// Which of the two generations of introductions and punctures a message belongs to.
public enum IntroductionStyle: Hashable, Sendable {
    /// IPv4 only.
    case old
    /// Addresses of any family.
    case new
}

/// A node as others tell of it: where it is and which key it has.
public struct NodeInfo: Hashable, Sendable {
    /// Where the node is reached.
    public var address: Address
    public var publicKey: PublicKey

    public init(address: Address, publicKey: PublicKey) {
        self.address = address
        self.publicKey = publicKey
    }
}
