public import IPv8

/// Where a peer that was looked for by its key has answered.
public struct ConnectReport: Sendable, Equatable {
    /// Whom it was looked for.
    public var mid: Mid
    /// The addresses at which it answered; more than one where it is reached in both families.
    public var peers: [NodeInfo]
    /// How long that took.
    public var duration: Duration

    /// Puts a report together.
    public init(mid: Mid, peers: [NodeInfo], duration: Duration) {
        self.mid = mid
        self.peers = peers
        self.duration = duration
    }
}

extension ConnectReport: Codable {
    private enum CodingKeys: String, CodingKey {
        case mid, peers
        case duration = "seconds"
    }

    private struct Peer: Codable {
        let node: NodeInfo

        private enum CodingKeys: String, CodingKey {
            case address
            case publicKey = "public_key"
        }

        init(_ node: NodeInfo) { self.node = node }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            node = NodeInfo(
                address: try container.decode(text: Address.self, forKey: .address),
                publicKey: try container.decode(text: PublicKey.self, forKey: .publicKey))
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(text: node.address, forKey: .address)
            try container.encode(text: node.publicKey, forKey: .publicKey)
        }
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        mid = try container.decode(text: Mid.self, forKey: .mid)
        peers = try container.decode([Peer].self, forKey: .peers).map(\.node)
        duration = try container.decodeSeconds(forKey: .duration)
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text: mid, forKey: .mid)
        try container.encode(peers.map(Peer.init), forKey: .peers)
        try container.encode(seconds: duration, forKey: .duration)
    }
}
