/// How far a check of a whole archive is.
public struct VerifyProgress: Codable, Hashable, Sendable {
    /// The table that is being walked over.
    public var table: String
    /// Records checked so far, of all tables.
    public var checked: Int
    /// Records there are, of all tables.
    public var total: Int
}

/// Something that is wrong with an archive.
public struct VerifyFinding: Hashable, Sendable {
    /// The name of the table.
    public var table: String
    /// The key of the record.
    public var key: [UInt8]
    /// What is wrong, as the end of a sentence that begins with the record.
    public var fault: String
}

/// The result of checking a whole archive.
public struct VerifyReport: Hashable, Sendable {
    /// Records that were checked, by table, in the order of the tables.
    public var tables: [Table]
    /// Signatures that were checked among them.
    public var signatures: Int
    /// How many things are wrong; each has been told.
    public var findings: Int
    /// Damaged records that are in quarantine; they were found earlier and are kept as they were.
    public var quarantined: Int
    /// Why the index was not compared with the archive; `nil` if it was.
    public var indexNotComparedBecause: String?
    /// LMDB's pages that were looked over; `nil` if they contradict each other.
    public var pagesChecked: Int?
    /// How long it took.
    public var duration: Duration
    /// How many signatures the library that checks them does in a second on as many threads and nothing else, measured
    /// just then; `nil` if the check was short, or there were too few signatures.
    public var bareSignaturesPerSecond: Double?

    /// A table's share.
    public struct Table: Codable, Hashable, Sendable {
        public var name: String
        public var records: Int
    }
}
