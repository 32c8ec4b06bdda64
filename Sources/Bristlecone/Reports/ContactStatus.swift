public import IPv8
public import Kademlia

/// A node that this one knows, and how it has behaved.
public struct ContactStatus: Sendable, Equatable {
    /// Where it is reached.
    public var address: Address
    /// Who it is.
    public var mid: Mid
    /// Its place in the key space.
    public var nodeID: NodeID
    /// What is thought of it.
    public var standing: Standing
    /// When it last answered; `nil` where it never did. Reports have it to the second.
    public var lastResponse: Instant?
    /// How many requests in a row it has left without an answer.
    public var failures: Int

    /// What is thought of a node.
    public enum Standing: String, Sendable, Codable {
        /// It answers.
        case good
        /// It has not answered lately.
        case unknown
        /// It has left two requests in a row without an answer.
        case bad
    }

    /// Puts a status together.
    public init(
        address: Address, mid: Mid, nodeID: NodeID, standing: Standing, lastResponse: Instant?, failures: Int
    ) {
        self.address = address
        self.mid = mid
        self.nodeID = nodeID
        self.standing = standing
        self.lastResponse = lastResponse
        self.failures = failures
    }
}

extension ContactStatus: Codable {
    private enum CodingKeys: String, CodingKey {
        case address, mid, failures
        case nodeID = "node_id"
        case standing = "status"
        case lastResponse = "last_response"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        address = try container.decode(text: Address.self, forKey: .address)
        mid = try container.decode(text: Mid.self, forKey: .mid)
        nodeID = try container.decode(text: NodeID.self, forKey: .nodeID)
        standing = try container.decode(Standing.self, forKey: .standing)
        lastResponse = try container.decodeIfPresent(text: Instant.self, forKey: .lastResponse)
        failures = try container.decode(Int.self, forKey: .failures)
    }

    /// Writes the JSON form; `last_response` is a time in UTC, or `null`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text: address, forKey: .address)
        try container.encode(text: mid, forKey: .mid)
        try container.encode(text: nodeID, forKey: .nodeID)
        try container.encode(standing, forKey: .standing)
        try container.encode(text: lastResponse, forKey: .lastResponse)
        try container.encode(failures, forKey: .failures)
    }
}
