/// What came of forgetting a key or a signer.
public struct ForgetReport: Sendable, Equatable {
    /// What was forgotten.
    public var subject: KeepSubject
    /// How many records were erased.
    public var erasedRecords: Int
    /// Whether nothing of it is taken again.
    public var isBlocked: Bool

    /// Puts a report together.
    public init(subject: KeepSubject, erasedRecords: Int, isBlocked: Bool) {
        self.subject = subject
        self.erasedRecords = erasedRecords
        self.isBlocked = isBlocked
    }
}

extension ForgetReport: Codable {
    private enum CodingKeys: String, CodingKey {
        case erased, blocked
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        subject = try KeepSubject(from: decoder)
        erasedRecords = try container.decode(Int.self, forKey: .erased)
        isBlocked = try container.decode(Bool.self, forKey: .blocked)
    }

    /// Writes the JSON form: `key` and `signer`, of which one is `null`, `erased` and `blocked`.
    public func encode(to encoder: any Encoder) throws {
        try subject.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(erasedRecords, forKey: .erased)
        try container.encode(isBlocked, forKey: .blocked)
    }
}
