public import IPv8

/// How a node finds its way into the network.
public struct JoiningStatus: Sendable, Equatable {
    /// The peers that it was given.
    public var peers: [Address]
    /// Whether it asks bootstrap servers.
    public var asksBootstrapServers: Bool
    /// Whether it looks for peers in the local network.
    public var callsLocalNetwork: Bool

    /// Puts a status together.
    public init(peers: [Address] = [], asksBootstrapServers: Bool = false, callsLocalNetwork: Bool = false) {
        self.peers = peers
        self.asksBootstrapServers = asksBootstrapServers
        self.callsLocalNetwork = callsLocalNetwork
    }
}

extension JoiningStatus: Codable {
    private enum CodingKeys: String, CodingKey {
        case peers
        case asksBootstrapServers = "bootstrap_servers"
        case callsLocalNetwork = "lan_broadcast"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        peers = try container.decode([String].self, forKey: .peers).compactMap { Address($0) }
        asksBootstrapServers = try container.decode(Bool.self, forKey: .asksBootstrapServers)
        callsLocalNetwork = try container.decode(Bool.self, forKey: .callsLocalNetwork)
    }

    /// Writes the JSON form: `peers`, `bootstrap_servers` and `lan_broadcast`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(peers.map(\.description), forKey: .peers)
        try container.encode(asksBootstrapServers, forKey: .asksBootstrapServers)
        try container.encode(callsLocalNetwork, forKey: .callsLocalNetwork)
    }
}
