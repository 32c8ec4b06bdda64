public import IPv8

/// What became of a wish to stand no longer by what was published under a key.
public struct WithdrawReport: Sendable, Equatable {
    /// The key.
    public var key: Target
    /// How many values were withdrawn.
    public var withdrawnCount: Int

    /// Puts a report together.
    public init(key: Target, withdrawnCount: Int) {
        self.key = key
        self.withdrawnCount = withdrawnCount
    }
}

extension WithdrawReport: Codable {
    private enum CodingKeys: String, CodingKey {
        case key
        case withdrawnCount = "withdrawn"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        key = try container.decode(text: Target.self, forKey: .key)
        withdrawnCount = try container.decode(Int.self, forKey: .withdrawnCount)
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text: key, forKey: .key)
        try container.encode(withdrawnCount, forKey: .withdrawnCount)
    }
}
