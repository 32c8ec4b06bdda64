public import IPv8

/// A backup that has been made.
public struct BackupReport: Sendable, Equatable {
    /// The folder that holds it.
    public var folder: String
    /// When it was begun.
    public var created: Instant
    /// The archive that it is of: 32 hexadecimal digits.
    public var archiveID: String
    /// The last change that it holds; 0 where there is none.
    public var journalLast: UInt64
    /// When that change was made.
    public var journalAt: Instant?
    /// How many values it holds.
    public var values: Int
    /// Bytes of its files.
    public var bytes: Int
    /// Why it has no copy of the index, which is rebuilt after a restore; `nil` where it has one.
    public var indexIsMissingBecause: String?
    /// How long it took.
    public var duration: Duration
}

extension BackupReport: Codable {
    private enum CodingKeys: String, CodingKey {
        case folder, created, values, bytes
        case archiveID = "archive_id"
        case journalLast = "journal_last"
        case journalAt = "journal_at"
        case indexIsMissingBecause = "index_missing"
        case duration = "seconds"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        folder = try container.decode(String.self, forKey: .folder)
        created = try container.decode(text: Instant.self, forKey: .created)
        archiveID = try container.decode(String.self, forKey: .archiveID)
        journalLast = try container.decode(UInt64.self, forKey: .journalLast)
        journalAt = try container.decodeIfPresent(text: Instant.self, forKey: .journalAt)
        values = try container.decode(Int.self, forKey: .values)
        bytes = try container.decode(Int.self, forKey: .bytes)
        indexIsMissingBecause = try container.decodeIfPresent(String.self, forKey: .indexIsMissingBecause)
        duration = try container.decodeSeconds(forKey: .duration)
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(folder, forKey: .folder)
        try container.encode(text: created, forKey: .created)
        try container.encode(archiveID, forKey: .archiveID)
        try container.encode(journalLast, forKey: .journalLast)
        try container.encode(text: journalAt, forKey: .journalAt)
        try container.encode(values, forKey: .values)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(indexIsMissingBecause, forKey: .indexIsMissingBecause)
        try container.encode(seconds: duration, forKey: .duration)
    }
}

/// A backup that has been restored.
public struct RestoreReport: Sendable, Equatable {
    /// The data folder that holds it now.
    public var dataFolder: String
    /// Where the data that was there before has been moved; `nil` where there was none.
    public var movedAside: String?
    /// When the backup was made.
    public var created: Instant
    /// The archive: 32 hexadecimal digits.
    public var archiveID: String
    /// The last change that it holds; 0 where there is none.
    public var journalLast: UInt64
    /// When that change was made.
    public var journalAt: Instant?
    /// The last change of the same archive in the folder that was moved aside; `nil` where there was none, where it is
    /// another archive, or where it cannot be read.
    public var journalLastBefore: UInt64?
    /// How many values it holds.
    public var values: Int
    /// How long it took.
    public var duration: Duration

    /// How many changes the data that was moved aside has and this has not.
    public var changesUndone: UInt64 {
        guard let journalLastBefore, journalLastBefore > journalLast else { return 0 }
        return journalLastBefore - journalLast
    }
}

extension RestoreReport: Encodable {
    private enum CodingKeys: String, CodingKey {
        case created, values
        case dataFolder = "data_folder"
        case movedAside = "moved_aside"
        case archiveID = "archive_id"
        case journalLast = "journal_last"
        case journalAt = "journal_at"
        case journalLastBefore = "journal_last_before"
        case duration = "seconds"
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(dataFolder, forKey: .dataFolder)
        try container.encode(movedAside, forKey: .movedAside)
        try container.encode(text: created, forKey: .created)
        try container.encode(archiveID, forKey: .archiveID)
        try container.encode(journalLast, forKey: .journalLast)
        try container.encode(text: journalAt, forKey: .journalAt)
        try container.encode(journalLastBefore, forKey: .journalLastBefore)
        try container.encode(values, forKey: .values)
        try container.encode(seconds: duration, forKey: .duration)
    }
}
