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
    case history = 7
    case retained = 8
    case pins = 9
    case publications = 10
    case evidence = 11
    case blocks = 12
    case holdings = 13
    case ranks = 14
    case ages = 15
    case order = 16

    /// The name of the database.
    var name: String {
        switch self {
        case .meta: "meta"
        case .entries: "entries"
        case .floors: "floors"
        case .secrets: "secrets"
        case .journal: "journal"
        case .quarantine: "quarantine"
        case .history: "history"
        case .retained: "retained"
        case .pins: "pins"
        case .publications: "publications"
        case .evidence: "evidence"
        case .blocks: "blocks"
        case .holdings: "holdings"
        case .ranks: "ranks"
        case .ages: "ages"
        case .order: "order"
        }
    }

    /// A name as it is shown, whatever bytes it has.
    static func shownName(_ bytes: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: bytes.prefix(32), as: UTF8.self)
        return text.unicodeScalars.map { $0.isASCII && $0.value >= 0x20 && $0.value < 0x7F ? String($0) : "?" }.joined()
    }

    /// Where its handle stands in the list of handles.
    var index: Int { Int(rawValue) - 1 }
}
