/// Every message of the DHT overlay.
///
/// The few messages with many addresses are stored indirectly, so that all others stay small.
public enum Message: Hashable, Sendable {
    /// "Are you there?"
    case pingRequest(PingRequest)
    /// "I am."
    case pingResponse(PingResponse)
    /// "Store these values under this target."
    case storeRequest(StoreRequest)
    /// "I do."
    case storeResponse(StoreResponse)
    /// "Which values are under this target, or which nodes are near it?"
    case findRequest(FindRequest)
    /// Values or nodes, and a token to store there.
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
    /// A peer's address, and the requester's own external address.
    indirect case introductionResponse(IntroductionResponse)
    /// "Send a puncture to this peer."
    indirect case punctureRequest(PunctureRequest)
    /// A packet that opens the sender's NAT.
    indirect case puncture(Puncture)
}

/// The number that a response shares with its request.
///
/// The field has 32 bits in the DHT's messages and 16 in introductions and punctures. The reference copies one into the
/// other and fails on larger numbers, so our nodes never send more than ``requestMax`` in requests that punctures
/// follow from.
public struct RequestID: Hashable, Sendable {
    /// The number as on the wire.
    public let number: UInt32

    /// Wraps the number that is on the wire.
    public init(_ number: UInt32) { self.number = number }

    /// The largest number for requests that a puncture may follow from: introductions, finds and connect-peer requests.
    /// A puncture has the same number in 16 bits.
    public static let requestMax: UInt32 = 65_535
}

/// Which of the two generations of introductions and punctures a message belongs to.
public enum IntroductionStyle: Hashable, Sendable {
    /// IPv4 only.
    case old
    /// Addresses of any family.
    case new
}

/// A node in somebody's answer: its address and key.
public struct NodeInfo: Codable, Hashable, Sendable {
    public var address: Address
    public var publicKey: PublicKey

    public init(address: Address, publicKey: PublicKey) {
        self.address = address
        self.publicKey = publicKey
    }
}
