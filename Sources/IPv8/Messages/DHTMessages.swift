/// Asks a node for a sign of life.
public struct PingRequest: Hashable, Sendable {
    /// Comes back in the response.
    public var id: RequestID
    public init(id: RequestID) { self.id = id }
}

/// A sign of life.
public struct PingResponse: Hashable, Sendable {
    public var id: RequestID
    /// Answers the request with this id.
    public init(id: RequestID) { self.id = id }
}

/// Asks a node to store values under a target.
public struct StoreRequest: Hashable, Sendable {
    /// Comes back in the response.
    public var id: RequestID
    /// The token from the node's find response.
    public var token: Token
    /// The key to store the values under.
    public var target: Target
    /// Serialized entries, not parsed yet: an invalid one does not make the message unreadable.
    public var values: [[UInt8]]

    /// How many values a request may carry (the reference's `MAX_VALUES_IN_STORE`).
    public static let valueCountMax = 8

    public init(id: RequestID, token: Token, target: Target, values: [[UInt8]]) {
        self.id = id
        self.token = token
        self.target = target
        self.values = values
    }
}

/// Confirms that the node has stored every value of a request.
public struct StoreResponse: Hashable, Sendable {
    public var id: RequestID
    /// Answers the request with this id.
    public init(id: RequestID) { self.id = id }
}

/// Asks a node for the values under a target, or for the nodes near it.
public struct FindRequest: Hashable, Sendable {
    /// Comes back in the response.
    public var id: RequestID
    /// The sender's address in its own network, for punctures.
    public var lan: Address
    /// The key to look up.
    public var target: Target
    /// How many values to skip.
    public var offset: UInt32
    /// Whether to return nodes even if there are values.
    public var wantsNodes: Bool

    public init(id: RequestID, lan: Address, target: Target, offset: UInt32 = 0, wantsNodes: Bool) {
        self.id = id
        self.lan = lan
        self.target = target
        self.offset = offset
        self.wantsNodes = wantsNodes
    }
}

/// Values under a target, or the nodes near it, and a token to store there.
public struct FindResponse: Hashable, Sendable {
    public var id: RequestID
    /// The token that a store request to this node must contain.
    public var token: Token
    /// Serialized entries, not parsed yet.
    public var values: [[UInt8]]
    /// The nodes closest to the target. The first of them has been asked to puncture the requester.
    public var nodes: [NodeInfo]

    /// How many values a response carries (the reference's `MAX_VALUES_IN_FIND`).
    public static let valueCountMax = 8
    /// How many nodes a response carries (the reference's `MAX_NODES_IN_FIND`).
    public static let nodeCountMax = 8

    public init(id: RequestID, token: Token, values: [[UInt8]] = [], nodes: [NodeInfo] = []) {
        self.id = id
        self.token = token
        self.values = values
        self.nodes = nodes
    }
}

/// Asks a node to remember the sender's address.
public struct StorePeerRequest: Hashable, Sendable {
    /// Comes back in the response.
    public var id: RequestID
    /// The token from the node's find response.
    public var token: Token
    /// The sender's own mid.
    public var target: Target

    public init(id: RequestID, token: Token, target: Target) {
        self.id = id
        self.token = token
        self.target = target
    }
}

/// Confirms that the node remembers the sender's address.
public struct StorePeerResponse: Hashable, Sendable {
    public var id: RequestID
    /// Answers the request with this id.
    public init(id: RequestID) { self.id = id }
}

/// Asks a node for the addresses of the peer with a mid, and to make that peer puncture the sender.
public struct ConnectPeerRequest: Hashable, Sendable {
    /// Comes back in the response.
    public var id: RequestID
    /// The sender's address in its own network, for punctures.
    public var lan: Address
    /// The mid of the wanted peer.
    public var target: Target

    public init(id: RequestID, lan: Address, target: Target) {
        self.id = id
        self.lan = lan
        self.target = target
    }
}

/// The known addresses of the wanted peer.
public struct ConnectPeerResponse: Hashable, Sendable {
    public var id: RequestID
    /// Each of them has been asked to puncture the requester.
    public var nodes: [NodeInfo]

    public init(id: RequestID, nodes: [NodeInfo]) {
        self.id = id
        self.nodes = nodes
    }
}
