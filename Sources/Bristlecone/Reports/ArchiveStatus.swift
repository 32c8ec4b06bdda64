/// What a node keeps, and how much space that takes.
public struct ArchiveStatus: Sendable, Equatable, Codable {
    /// How many values are kept.
    public var values: Int
    /// Under how many keys.
    public var keys: Int
    /// Bytes of the pages in use, which is what the size limit counts.
    public var liveBytes: Int
    /// Bytes of the file, free pages included.
    public var mapBytes: Int
    /// The number of the last change in the journal.
    public var journalLast: Int
    /// The number of the last change that the index has followed.
    public var indexLast: Int

    private enum CodingKeys: String, CodingKey {
        case values, keys
        case liveBytes = "live_bytes"
        case mapBytes = "map_bytes"
        case journalLast = "journal_last"
        case indexLast = "index_last"
    }

    /// Puts a status together.
    public init(values: Int, keys: Int, liveBytes: Int, mapBytes: Int, journalLast: Int, indexLast: Int) {
        self.values = values
        self.keys = keys
        self.liveBytes = liveBytes
        self.mapBytes = mapBytes
        self.journalLast = journalLast
        self.indexLast = indexLast
    }
}
