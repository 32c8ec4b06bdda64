public import IPv8

/// What is pinned, after a request to look or to change it.
public struct PinsReport: Sendable, Equatable, Codable {
    /// Everything that is pinned, keys before signers.
    public var pins: [KeepSubject]
    /// Whether the request changed anything.
    public var changed: Bool
    /// How well the DHT holds each key that is pinned, by itself or by its signer, in the order of keys.
    public var health: [ReplicaHealth]

    /// Puts a report together.
    public init(pins: [KeepSubject], changed: Bool, health: [ReplicaHealth]) {
        self.pins = pins
        self.changed = changed
        self.health = health
    }
}

/// How well the DHT holds a pinned key.
public struct ReplicaHealth: Sendable, Equatable {
    /// The key.
    public var key: Target
    /// When it was last looked for; `nil` where it has not been yet.
    public var lookedAt: Instant?
    /// How many nodes answered then.
    public var answered: Int
    /// How many of them had it before it was stored again.
    public var found: Int
    /// How many other nodes acknowledged it when it was last stored again.
    public var holders: Int

    /// Puts one together.
    public init(key: Target, lookedAt: Instant?, answered: Int, found: Int, holders: Int) {
        self.key = key
        self.lookedAt = lookedAt
        self.answered = answered
        self.found = found
        self.holders = holders
    }
}

extension ReplicaHealth: Codable {
    private enum CodingKeys: String, CodingKey {
        case key, answered, found, holders
        case lookedAt = "looked_at"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        key = try container.decode(text: Target.self, forKey: .key)
        lookedAt = try container.decodeIfPresent(text: Instant.self, forKey: .lookedAt)
        answered = try container.decode(Int.self, forKey: .answered)
        found = try container.decode(Int.self, forKey: .found)
        holders = try container.decode(Int.self, forKey: .holders)
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text: key, forKey: .key)
        try container.encode(text: lookedAt, forKey: .lookedAt)
        try container.encode(answered, forKey: .answered)
        try container.encode(found, forKey: .found)
        try container.encode(holders, forKey: .holders)
    }
}
