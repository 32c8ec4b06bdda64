public import IPv8

/// How much an archive holds and how full it is, found without walking over its records.
public struct ArchiveSummary: Hashable, Sendable {
    /// The 16 bytes that tell the archive from any other.
    public var archiveID: [UInt8]
    public var format: Int
    /// The format of the data folder; `nil` if no node has used the folder, or if the number cannot be read.
    public var folderFormat: Int?
    /// Whether the folder is of a newer program, so that this one changes nothing in it.
    public var isFolderNewer: Bool { folderFormat.map { $0 > FolderFormat.current } ?? false }
    /// When the archive was begun.
    public var created: Instant
    /// Whether a node runs on it.
    public var isInUse: Bool
    /// Values of each class: signed by the owner of their target, by others, by nobody. `nil` where the record of the
    /// counts is damaged.
    public var values: Values?
    /// The end of the journal.
    public var journal: JournalSummary
    /// What is charged to each budget: bytes of keys and records; empty if the record of the counts is damaged.
    public var budgets: [BudgetShape]
    /// How many changes there were lately.
    package var growth: [ArchiveGrowth]
    /// The tables, in the order of their numbers, and how full each is.
    public var tables: [TableShape]
    /// What the index says; `nil` if it cannot be read.
    public var index: IndexSummary?
    /// Why the index cannot be read.
    public var indexFailure: String?
    /// The space that the archive takes.
    public var space: Space

    /// Values by class.
    public struct Values: Hashable, Sendable {
        public var all: Int { owner + signed + unsigned }
        /// Signed by the owner of their target.
        public var owner: Int
        /// Signed by somebody else.
        public var signed: Int
        /// Signed by nobody.
        public var unsigned: Int
        /// Targets that have values.
        public var keys: Int
        /// Bytes of the serialized values, without what the archive adds.
        public var bytes: Int
    }

    /// One part of what is kept.
    public struct BudgetShape: Hashable, Sendable {
        /// The part.
        public var budget: Budget
        /// Records charged to it.
        public var records: Int
        /// Bytes of their keys and values.
        public var bytes: Int
    }

    /// One table of LMDB.
    public struct TableShape: Hashable, Sendable {
        public var name: String
        public var records: Int
        /// Pages of its tree, and the bytes that they take.
        public var pages: Int
        /// Bytes of those pages.
        public var bytes: Int
        /// Levels of its tree.
        public var depth: Int
    }

    /// What the index says.
    public struct IndexSummary: Hashable, Sendable {
        /// The last change that it has taken over.
        public var lastChange: UInt64
        /// Whether it is being built anew, so that its counts are not complete.
        public var isRebuilding: Bool
        /// Signers of values.
        public var signers: Int
        /// Values that are not served any more.
        public var expired: Int
        /// Those of them that have left the serving window.
        public var retained: Int
        /// When the next one expires; `nil` if none will.
        public var nextExpiry: Instant?
        /// How many expire within the hour that begins now, and within the day.
        public var expiringInAnHour, expiringInADay: Int
    }

    /// Space on the disk, in bytes.
    public struct Space: Hashable, Sendable {
        /// Pages that hold something.
        public var liveBytes: Int
        /// Pages of the file that are free to be used again.
        public var freeBytes: Int
        /// The file without the room that is kept behind its last page.
        public var fileBytes: Int
        public var indexBytes: Int
        /// What the disk has left for this user.
        public var diskFreeBytes: Int
    }
}

/// The end of an archive's journal: it stands for the whole course of changes up to it.
public struct JournalSummary: Hashable, Sendable {
    /// The number of the last change; 0 if there is none.
    public var last: UInt64
    /// The checksum that its record carries.
    public var checksum: UInt64
    /// When it was made; `nil` if there is none, or its record is damaged.
    public var at: Instant?
    /// The number of the first change that is still there; 0 if there is none.
    public var first: UInt64
}
