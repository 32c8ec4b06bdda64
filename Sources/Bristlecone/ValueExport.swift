internal import Archive
internal import Platform

/// What signatures prove of the values under a prefix of keys: the values, served or not, earlier versions, and evidence.
///
/// The format is that of `bristlecone-dump export --format jsonl`: a header, the records, and a closing line. If the closing line
/// is missing, the export was cut off.
///
/// Everything but ``next()`` is confined to the thread that reads for listings.
package final class ValueExport: @unchecked Sendable {
    private let threads: NodeThreads
    private let header: DumpHeader
    private let archive: Archive
    private var walk: ItemWalk?
    private var tree = MerkleRoot()
    private var isOver = false

    private static let kinds: [DumpItem.Kind] = [.history, .value, .evidence]
    private static let partBytes = 64 << 10

    fileprivate init(_ archive: Archive, _ threads: NodeThreads, prefix: String) {
        (self.archive, self.threads) = (archive, threads)
        header = DumpHeader(prefix: prefix)
    }

    /// The next lines; `nil` at the end.
    package func next() async throws(NodeError) -> [UInt8]? {
        try await threads.reader.attempt { [self] () throws(ArchiveError) in try part() }
    }

    private func part() throws(ArchiveError) -> [UInt8]? {
        guard !isOver else { return nil }
        var lines = ""
        var walk: ItemWalk
        if let begun = self.walk {
            walk = begun
        } else {
            walk = try ItemWalk(try ArchiveReader(of: archive), header, kinds: ValueExport.kinds)
            tree.add(tree.hash(ofLeaf: header.leaf))
            lines += RowFormat.jsonl.line(DumpRow(header))
        }
        while !isOver, lines.utf8.count < ValueExport.partBytes {
            guard let items = try walk.next() else {
                let seal = DumpSeal(closing: &tree, of: header, leftOut: walk.damagedCount)
                lines += RowFormat.jsonl.line(DumpRow(seal))
                isOver = true
                break
            }
            for item in items {
                guard let row = DumpRow(item) else { continue }
                tree.add(tree.hash(ofLeaf: item.bytes))
                lines += RowFormat.jsonl.line(row)
            }
        }
        self.walk = walk
        return Array(lines.utf8)
    }
}

extension BristleconeNode {
    /// Exports the values under a prefix of keys.
    ///
    /// - Parameter prefix: up to 40 hexadecimal digits; none for all keys.
    package func exportValues(prefix: String) throws(NodeError) -> ValueExport {
        let prefix = prefix.lowercased()
        guard DumpHeader.isPrefix(prefix) else {
            throw NodeError(
                .invalidArgument, "\(quoted(prefix)) is no prefix of keys: give up to 40 hexadecimal digits.")
        }
        return ValueExport(archive, threads, prefix: prefix)
    }
}
