public import IPv8

/// What came of a ping that was answered.
public struct PingReport: Sendable, Equatable {
    /// The address that was pinged.
    public var address: Address
    /// The key that the answer was signed with.
    public var publicKey: PublicKey
    /// The time from the request to the answer.
    public var roundTrip: Duration

    /// Puts a report together.
    public init(address: Address, publicKey: PublicKey, roundTrip: Duration) {
        self.address = address
        self.publicKey = publicKey
        self.roundTrip = roundTrip
    }
}

extension PingReport: Codable {
    private enum CodingKeys: String, CodingKey {
        case address, mid
        case publicKey = "public_key"
        case roundTrip = "round_trip_seconds"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        address = try container.decode(text: Address.self, forKey: .address)
        publicKey = try container.decode(text: PublicKey.self, forKey: .publicKey)
        roundTrip = try container.decodeSeconds(forKey: .roundTrip)
    }

    /// Writes the JSON form: `address`, `mid`, `public_key` and `round_trip_seconds`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text: address, forKey: .address)
        try container.encode(text: publicKey.mid, forKey: .mid)
        try container.encode(text: publicKey, forKey: .publicKey)
        try container.encode(seconds: roundTrip, forKey: .roundTrip)
    }
}
