public import IPv8

/// What came of looking for the values of a key.
public struct FindReport: Sendable, Equatable {
    /// The key.
    public var key: Target
    /// The values, in the order that the lookup gives them.
    public var values: [FoundValue]
    /// How many nodes were asked; 0 where only this node's archive was.
    public var asked: Int
    /// How many of them answered.
    public var answered: Int
    /// How many of them had values.
    public var withValues: Int
    /// How long it took.
    public var duration: Duration

    /// Puts a report together.
    public init(
        key: Target, values: [FoundValue], asked: Int, answered: Int, withValues: Int, duration: Duration
    ) {
        self.key = key
        self.values = values
        self.asked = asked
        self.answered = answered
        self.withValues = withValues
        self.duration = duration
    }
}

extension FindReport: Codable {
    private enum CodingKeys: String, CodingKey {
        case key, values, asked, answered
        case withValues = "with_values"
        case duration = "seconds"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        key = try container.decode(text: Target.self, forKey: .key)
        values = try container.decode([FoundValue].self, forKey: .values)
        asked = try container.decode(Int.self, forKey: .asked)
        answered = try container.decode(Int.self, forKey: .answered)
        withValues = try container.decode(Int.self, forKey: .withValues)
        duration = try container.decodeSeconds(forKey: .duration)
    }

    /// Writes the JSON form: `key`, `values`, `asked`, `answered`, `with_values` and `seconds`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text: key, forKey: .key)
        try container.encode(values, forKey: .values)
        try container.encode(asked, forKey: .asked)
        try container.encode(answered, forKey: .answered)
        try container.encode(withValues, forKey: .withValues)
        try container.encode(seconds: duration, forKey: .duration)
    }
}
