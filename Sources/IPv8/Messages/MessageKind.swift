/// What tells messages apart: the byte after the prefix.
///
/// Introductions and punctures have two, one for each ``IntroductionStyle``.
public enum MessageKind: UInt8, Hashable, Sendable, CaseIterable {
    case pingRequest = 1
    case pingResponse = 2
    case storeRequest = 3
    case storeResponse = 4
    case findRequest = 5
    case findResponse = 6
    case storePeerRequest = 7
    case storePeerResponse = 8
    case connectPeerRequest = 9
    case connectPeerResponse = 10
    case puncture = 231
    case punctureRequest = 232
    case introductionResponse = 233
    case introductionRequest = 234
    case introductionResponseV1 = 245
    case introductionRequestV1 = 246
    case punctureV1 = 249
    case punctureRequestV1 = 250

    /// What a message does in an exchange.
    public enum Role: Hashable, Sendable {
        /// It asks for or brings values, and is answered.
        case query
        /// It asks for peers, and is answered.
        case discovery
        /// It answers a request.
        case response
        /// It is neither a request nor a response.
        case signal
    }

    /// The name under which messages of this kind are counted, the same in both styles; what they do; and whether they carry
    /// a public key and a signature.
    private var row: (name: String, role: Role, isSigned: Bool) {
        switch self {
        case .pingRequest: ("ping_request", .query, true)
        case .pingResponse: ("ping_response", .response, true)
        case .storeRequest: ("store_request", .query, true)
        case .storeResponse: ("store_response", .response, true)
        case .findRequest: ("find_request", .query, true)
        case .findResponse: ("find_response", .response, true)
        case .storePeerRequest: ("store_peer_request", .discovery, true)
        case .storePeerResponse: ("store_peer_response", .response, true)
        case .connectPeerRequest: ("connect_peer_request", .discovery, true)
        case .connectPeerResponse: ("connect_peer_response", .response, true)
        case .introductionRequest, .introductionRequestV1: ("introduction_request", .discovery, true)
        case .introductionResponse, .introductionResponseV1: ("introduction_response", .response, true)
        case .punctureRequest, .punctureRequestV1: ("puncture_request", .signal, false)
        case .puncture, .punctureV1: ("puncture", .signal, true)
        }
    }

    /// The name under which messages of this kind are counted, the same in both styles.
    public var name: String { row.name }
    /// What messages of this kind do in an exchange.
    public var role: Role { row.role }
    /// Whether messages of this kind carry a public key and a signature.
    public var isSigned: Bool { row.isSigned }
}

extension Message {
    /// The message without its content: its row in the table above.
    public var kind: MessageKind {
        switch self {
        case .pingRequest: .pingRequest
        case .pingResponse: .pingResponse
        case .storeRequest: .storeRequest
        case .storeResponse: .storeResponse
        case .findRequest: .findRequest
        case .findResponse: .findResponse
        case .storePeerRequest: .storePeerRequest
        case .storePeerResponse: .storePeerResponse
        case .connectPeerRequest: .connectPeerRequest
        case .connectPeerResponse: .connectPeerResponse
        case .introductionRequest(let request): request.style == .old ? .introductionRequestV1 : .introductionRequest
        case .introductionResponse(let response):
            response.style == .old ? .introductionResponseV1 : .introductionResponse
        case .punctureRequest(let request): request.style == .old ? .punctureRequestV1 : .punctureRequest
        case .puncture(let puncture): puncture.style == .old ? .punctureV1 : .puncture
        }
    }

    /// The byte after the prefix.
    public var id: UInt8 { kind.rawValue }
}
