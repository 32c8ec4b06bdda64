public import IPv8
public import Kademlia

/// How a node is on one address family: its socket, its id and its routing table.
public struct EndpointStatus: Sendable, Equatable {
    /// Where its socket is bound.
    public var listen: Address
    /// Where others see it; `nil` until somebody has said so.
    public var external: Address?
    /// The id that follows from that address.
    public var nodeID: NodeID
    /// How many nodes are in the table.
    public var contacts: Int
    /// How many of them have answered lately.
    public var goodContacts: Int
    /// How many buckets the table has.
    public var buckets: Int

    /// Puts a status together.
    public init(listen: Address, external: Address?, nodeID: NodeID, contacts: Int, goodContacts: Int, buckets: Int) {
        self.listen = listen
        self.external = external
        self.nodeID = nodeID
        self.contacts = contacts
        self.goodContacts = goodContacts
        self.buckets = buckets
    }
}

extension EndpointStatus: Codable {
    private enum CodingKeys: String, CodingKey {
        case family, listen, external, contacts, buckets
        case nodeID = "node_id"
        case goodContacts = "good_contacts"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        listen = try container.decode(text: Address.self, forKey: .listen)
        external = try container.decodeIfPresent(text: Address.self, forKey: .external)
        nodeID = try container.decode(text: NodeID.self, forKey: .nodeID)
        contacts = try container.decode(Int.self, forKey: .contacts)
        goodContacts = try container.decode(Int.self, forKey: .goodContacts)
        buckets = try container.decode(Int.self, forKey: .buckets)
    }

    /// Writes the JSON form; `family` follows from the address, `external` is `null` where it is not known.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text: listen.family, forKey: .family)
        try container.encode(text: listen, forKey: .listen)
        try container.encode(text: external, forKey: .external)
        try container.encode(text: nodeID, forKey: .nodeID)
        try container.encode(contacts, forKey: .contacts)
        try container.encode(goodContacts, forKey: .goodContacts)
        try container.encode(buckets, forKey: .buckets)
    }
}
