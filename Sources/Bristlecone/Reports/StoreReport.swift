public import IPv8

/// What came of storing a value. This node keeps it, on disk; else there is no report.
public struct StoreReport: Sendable, Equatable {
    /// The key that it was stored under.
    public var key: Target
    /// The version that it was signed with; `nil` where it is unsigned.
    public var version: Version?
    /// How many other nodes were asked to keep it.
    public var asked: Int
    /// How many of them said that they do.
    public var acknowledged: Int
    /// How long it took.
    public var duration: Duration

    /// Puts a report together.
    public init(key: Target, version: Version?, asked: Int, acknowledged: Int, duration: Duration) {
        self.key = key
        self.version = version
        self.asked = asked
        self.acknowledged = acknowledged
        self.duration = duration
    }
}

extension StoreReport: Codable {
    private enum CodingKeys: String, CodingKey {
        case key, version, asked, acknowledged
        case duration = "seconds"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        key = try container.decode(text: Target.self, forKey: .key)
        version = try container.decodeIfPresent(UInt32.self, forKey: .version).map(Version.init)
        asked = try container.decode(Int.self, forKey: .asked)
        acknowledged = try container.decode(Int.self, forKey: .acknowledged)
        duration = try container.decodeSeconds(forKey: .duration)
    }

    /// Writes the JSON form: `key`, `version`, `asked`, `acknowledged` and `seconds`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text: key, forKey: .key)
        try container.encode(version?.number, forKey: .version)
        try container.encode(asked, forKey: .asked)
        try container.encode(acknowledged, forKey: .acknowledged)
        try container.encode(seconds: duration, forKey: .duration)
    }
}
