/// How the machine's clock stands to what the node has stored and published.
public struct ClockStatus: Sendable, Equatable {
    /// How far the clock is behind the newest change that was in the archive at the start; zero if it is not.
    public var behindArchive: Duration
    /// How far the highest version that was published since the start is ahead of the clock; zero if it is not.
    public var versionsAhead: Duration

    /// A lead or lag up to this is nothing to warn of: many stores within a second, or a clock that is adjusted.
    package static let leadIgnored: Duration = .seconds(60)

    /// A status; of a right clock unless something else is given.
    public init(behindArchive: Duration = .zero, versionsAhead: Duration = .zero) {
        self.behindArchive = behindArchive
        self.versionsAhead = versionsAhead
    }
}

extension ClockStatus: Codable {
    private enum CodingKeys: String, CodingKey {
        case behindArchive = "behind_archive_seconds"
        case versionsAhead = "versions_ahead_seconds"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        behindArchive = try container.decodeSeconds(forKey: .behindArchive)
        versionsAhead = try container.decodeSeconds(forKey: .versionsAhead)
    }

    /// Writes the JSON form: `behind_archive_seconds` and `versions_ahead_seconds`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(seconds: behindArchive, forKey: .behindArchive)
        try container.encode(seconds: versionsAhead, forKey: .versionsAhead)
    }
}
