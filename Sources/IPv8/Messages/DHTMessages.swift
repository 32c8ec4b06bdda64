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

/// Asks a node to keep values under a target.
public struct StoreRequest: Hashable, Sendable {
    /// Comes back in the response.
    public var id: RequestID
    /// The permission that the node gave out with a find response.
    public var token: Token
    /// What the values are to be found under.
    public var target: Target
    /// Serialized entries, not parsed yet: one that is none does not make the message unreadable.
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

/// Tells that every value of a store request is held.
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
    /// What is looked for.
    public var target: Target
    /// How many values to skip.
    public var offset: UInt32
    /// Asks for nodes even where there are values.
    public var wantsNodes: Bool

    public init(id: RequestID, lan: Address, target: Target, offset: UInt32 = 0, wantsNodes: Bool) {
        self.id = id
        self.lan = lan
        self.target = target
        self.offset = offset
        self.wantsNodes = wantsNodes
    }
}

/// Values under a target, or the nodes near it, and the permission to store there.
public struct FindResponse: Hashable, Sendable {
    public var id: RequestID
    /// What a store request to this node has to present.
    public var token: Token
    /// Serialized entries, not parsed yet.
    public var values: [[UInt8]]
    /// The nodes closest to the target; the first of them has been asked to puncture the asker.
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

/// Asks a node to remember where the sender is.
public struct StorePeerRequest: Hashable, Sendable {
    /// Comes back in the response.
    public var id: RequestID
    /// The permission that the node gave out with a find response.
    public var token: Token
    /// The sender's own mid.
    public var target: Target

    public init(id: RequestID, token: Token, target: Target) {
        self.id = id
        self.token = token
        self.target = target
    }
}

/// Tells that the sender's address is remembered.
public struct StorePeerResponse: Hashable, Sendable {
    public var id: RequestID
    /// Answers the request with this id.
    public init(id: RequestID) { self.id = id }
}

/// Asks a node for the peer that has a mid, and to have that peer puncture the sender.
public struct ConnectPeerRequest: Hashable, Sendable {
    /// Comes back in the response.
    public var id: RequestID
    /// The sender's address in its own network, for punctures.
    public var lan: Address
    /// The mid that is looked for.
    public var target: Target

    public init(id: RequestID, lan: Address, target: Target) {
        self.id = id
        self.lan = lan
        self.target = target
    }
}

/// The places where the peer that was asked for has been seen.
public struct ConnectPeerResponse: Hashable, Sendable {
    public var id: RequestID
    /// Each of them has been asked to puncture the asker.
    public var nodes: [NodeInfo]

    public init(id: RequestID, nodes: [NodeInfo]) {
        self.id = id
        self.nodes = nodes
    }
}
