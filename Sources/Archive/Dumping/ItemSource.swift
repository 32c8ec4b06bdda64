package import IPv8

/// Items in the order of a dump, wherever they come from.
package struct ItemSource {
    private var walk: ItemWalk?
    private var batch: [DumpItem] = []
    private var place = 0
    private var dump: DumpReader?
    private var rows: RowReader?
    private var last: DumpItem?
    private var path = ""

    /// The items of an archive that nobody writes to.
    package init(_ reader: ArchiveReader, _ header: DumpHeader = DumpHeader()) throws(ArchiveError) {
        walk = try ItemWalk(reader, header)
        path = reader.folder + "/archive.mdb"
    }

    /// The items of a dump, or of lines of JSON or CSV.
    package init(_ input: DumpInput, isUnsealed: Bool = false) throws(DumpError) {
        if try input.peek(1).first == DumpLayout.magic.first {
            dump = try DumpReader(input)
        } else {
            rows = try RowReader(input, isUnsealed: isUnsealed)
        }
    }

    /// The next item; `nil` at the end.
    package mutating func next() throws -> DumpItem? {
        if dump != nil { return try dump?.next() }
        if rows != nil { return try rows?.next() }
        while place == batch.count {
            guard let next = try walk?.next() else { return nil }
            (batch, place) = (next, 0)
        }
        let item = batch[place]
        // Damaged pages may lead to a page twice, or to one that belongs elsewhere.
        if let last, !(last < item) {
            throw ArchiveError.damaged(path: path, detail: "records of \(item.kind.name) are not in order")
        }
        (last, place) = (item, place + 1)
        return item
    }

    /// What a dump was sealed with; `nil` before its end, and of an archive.
    package var seal: DumpSeal? { dump?.seal ?? rows?.seal }

    /// How many leaves have been read of a dump, the header with them.
    package var leafCount: Int { dump?.leafCount ?? rows?.leafCount ?? 0 }

    /// Which part of an archive is wanted, or is in the dump.
    package var header: DumpHeader { dump?.header ?? rows?.header ?? DumpHeader() }

    /// How many records there are to be looked at, at most; `nil` if that is not known.
    package var recordCount: Int? { walk?.recordCount }

    /// Records of an archive that were left out because they are damaged.
    package var damagedCount: Int { walk?.damagedCount ?? 0 }

    /// Since when an export of an archive can tell what an import brought; `nil` if that is as far back as was asked.
    package var importsKnownSince: Instant? { walk?.importsKnownSince }

    /// The first thousand of them.
    package var damaged: [DamagedRecord] { walk?.damaged ?? [] }
}
