public import IPv8

/// Changes of an archive, in order.
public struct ChangePage: Hashable, Sendable {
    /// The 16 bytes that tell the archive from any other.
    public var archiveID: [UInt8]
    /// The number of the first change that is still available. The page after any number from the one below it on can be
    /// read.
    public var firstAvailable: UInt64
    /// The number of the archive's last change.
    public var last: UInt64
    /// The changes, each with the number after that of the one before.
    public var changes: [ChangeRow]
}

/// A change of an archive: a record that was put there or is gone.
///
/// It has the record as it is now, and not as the change left it. So a follower who applies every change, in order, has what
/// the archive has, even if a change arrives twice. A record that changed often comes several times with the same content.
public struct ChangeRow: Hashable, Sendable {
    /// What a follower has to do.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        /// The record is in the archive: take it over.
        case put
        /// The record is not in the archive: remove it.
        case gone
    }

    /// The number of the change.
    public let change: UInt64
    /// When it was made.
    public let at: Instant
    public let operation: Operation
    /// What kind of record it is: `value`, `history`, `floor`, `evidence`, `pin`, `publication` or `block`.
    public var kind: String { item.name }
    /// If the record was forgotten: SHA-256 of its kind and key, which is all that the archive remembers of it.
    public let hash: [UInt8]?
    private let item: DumpItem.Kind
    private let archiveID: [UInt8]
    let row: DumpRow

    init(_ change: ChangeContent, at place: ChangePlace) {
        (self.change, at, archiveID) = (place.number, place.at, place.archiveID)
        switch change {
        case .put(let item, let row): (self.item, self.row, operation, hash) = (item.kind, row, .put, nil)
        case .gone(let item, let key):
            (self.item, row, operation, hash) = (item, DumpRow(gone: item, key: key), .gone, nil)
        case .forgotten(let item, let hash):
            (self.item, row, operation, self.hash) = (item, DumpRow(gone: item, key: nil), .gone, hash.bytes)
        }
    }

    /// The text of a column of the export; `nil` if the record has none. `docs/dump-format.md` lists the columns. Of a record
    /// that is gone there are only those that name it.
    public subscript(column: String) -> String? { DumpRow.Column(rawValue: column).flatMap { row[$0] } }

    /// The change as a JSON object in one line, without the line's end: `archive`, `change`, `at`, `op`, then the columns of the
    /// export, or `kind` and `hash` of a forgotten record.
    public var json: String {
        let hash = hash.map { ",\"hash\":\"\(Hex.encode($0))\"" } ?? ""
        return "{\"archive\":\"\(Hex.encode(archiveID))\",\"change\":\(change),\"at\":\"\(at.iso8601)\","
            + "\"op\":\"\(operation.rawValue)\",\(RowFormat.members(of: row))\(hash)}"
    }
}

/// What became of a record that a change names.
enum ChangeContent {
    case put(DumpItem, DumpRow)
    case gone(DumpItem.Kind, key: [UInt8])
    case forgotten(DumpItem.Kind, Digest256)
}

/// Where a change stands.
struct ChangePlace {
    let archiveID: [UInt8]
    let number: UInt64
    let at: Instant
}
