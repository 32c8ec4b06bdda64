/// The archive's tables: each is one of LMDB's named databases.
///
/// The number goes into every record's checksum, so that a record that turns up in another table is damaged. Numbers
/// and names are part of the format and never change; `docs/archive-format.md` lists those that are kept free.
enum Table: UInt8, CaseIterable {
    case meta = 1
    case entries = 2
    case floors = 3
    case secrets = 4
    case journal = 5
    case quarantine = 6

    /// The name of the database.
    var name: String {
        switch self {
        case .meta: "meta"
        case .entries: "entries"
        case .floors: "floors"
        case .secrets: "secrets"
        case .journal: "journal"
        case .quarantine: "quarantine"
        }
    }

    /// Where its handle stands in the list of handles.
    var index: Int { Int(rawValue) - 1 }
}
