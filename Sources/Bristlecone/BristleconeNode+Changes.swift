internal import Archive
internal import IPv8

/// The changes of a node's archive, for copies that follow it.
///
///     var last: UInt64 = 0
///     while !Task.isCancelled {
///         let page = try await node.changes(after: last)
///         for change in page.changes { apply(change) }
///         last = page.changes.last?.number ?? last
///         if last == page.last { try await node.waitForChange(after: last) }
///     }
///
/// Every change has a number, the one after that of the change before. A change has the record as it is now, so a copy that
/// applies all changes, in order and some of them twice, ends with what the archive has.
extension BristleconeNode {
    /// The changes after a number, in order.
    ///
    /// The archive keeps changes for ``NodeSettings/journalKeep``. If some after the number are gone, or the archive has not come
    /// so far, this throws ``NodeError/Code/changesUnavailable``; ``changeNumbers()`` tells which there are.
    ///
    /// - Parameters:
    ///   - number: of the last change that the caller has; 0 for all.
    ///   - time: when that change was made, which tells it from one that had its number before a restore; `nil` if the caller
    ///     does not know.
    ///   - limit: how many changes to return at most; never more than 4096.
    public func changes(
        after number: UInt64, madeAt time: Instant? = nil, limit: Int = 1024
    ) async throws(NodeError) -> NodeChanges {
        do throws(ArchiveError) {
            return NodeChanges(try archive.changes(after: number, madeAt: time, limit: limit))
        } catch {
            throw NodeError(error)
        }
    }

    /// Which changes the archive still has.
    public func changeNumbers() async throws(NodeError) -> NodeChanges.Numbers {
        do throws(ArchiveError) {
            let numbers = try archive.changeNumbers()
            return NodeChanges.Numbers(firstAvailable: numbers.firstAvailable, last: numbers.last)
        } catch {
            throw NodeError(error)
        }
    }

    /// Waits for a change after a number. It returns at once if there is one. A node that nobody waits for pays nothing.
    public func waitForChange(after number: UInt64) async throws(NodeError) {
        await archive.waitForChange(after: number)
        guard !Task.isCancelled else {
            throw NodeError(.cancelled, "This was cancelled before there was another change.")
        }
        _ = try await changeNumbers()
    }
}

/// Changes of a node's archive, in order.
public struct NodeChanges: Sendable, Hashable {
    /// The id of the archive, as hexadecimal digits. A copy follows one archive.
    public let archive: String
    /// Which changes the archive has.
    public let numbers: Numbers
    public let changes: [NodeChange]

    /// The number of the archive's last change.
    public var last: UInt64 { numbers.last }

    /// Which changes an archive has.
    public struct Numbers: Sendable, Hashable, Codable {
        /// The first change that is still there. Whoever has the one before it can follow.
        public let firstAvailable: UInt64
        public let last: UInt64
    }

    init(_ page: ChangePage) {
        archive = Hex.encode(page.archiveID)
        numbers = Numbers(firstAvailable: page.firstAvailable, last: page.last)
        changes = page.changes.map(NodeChange.init)
    }
}

/// A change of a node's archive: a record that is there, or is gone.
public struct NodeChange: Sendable, Hashable {
    private let row: ChangeRow

    /// What a copy has to do.
    public enum Operation: String, Sendable, Hashable, Codable {
        /// The record is in the archive: take it over.
        case put
        /// The record is not in the archive: remove it.
        case gone
    }

    init(_ row: ChangeRow) { self.row = row }

    public var number: UInt64 { row.change }
    public var operation: Operation { row.operation == .put ? .put : .gone }
    /// What kind of record it is: `value`, `history`, `floor`, `evidence`, `pin`, `publication` or `block`.
    public var kind: String { row.kind }

    /// The text of a column of `bristlecone-dump export`, such as `key` or `expires_at`; `nil` if the record has none.
    public subscript(column: String) -> String? { row[column] }

    /// The change as a JSON object in one line: `archive`, `change`, `at`, `op` (`put` or `gone`), and the columns of
    /// `bristlecone-dump export --format jsonl`. Of a record that is gone there are only the columns that name it; of a
    /// forgotten one only `kind` and `hash`, which is SHA-256 over the kind's number, one byte, and the record's key.
    public var json: String { row.json }
}
