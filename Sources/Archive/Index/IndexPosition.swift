/// How far the index has followed which archive's journal.
struct IndexPosition: Hashable {
    /// The archive that it follows.
    var archiveID: [UInt8]
    /// The last change that it has taken over.
    var last: JournalPlace
    /// Where the journal ended when the values were read that were taken over last. A value is read as it is by then, so
    /// the index may tell of changes behind `last`.
    var readAt: JournalPlace
    /// How far a rebuild is; `nil` while none is under way. The journal is followed from `last` once it is done.
    var rebuild: Rebuild?
    /// The settings that its moments of storing again follow from.
    var republishRule: String

    struct Rebuild: Hashable {
        /// The number of the table and the key of the last record taken over; empty at first.
        var after: [UInt8]
        /// How many entries have been taken over.
        var done: Int
    }
}

/// What is to be changed in the index.
enum IndexChange {
    /// A value as it is now, in the serving window or retained.
    case put(EntryKey, ArchivedRecord, isRetained: Bool)
    /// A value that is no longer held, or not readable.
    case remove(EntryKey)
}
