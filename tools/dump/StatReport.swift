internal import Archive
internal import Console
internal import IPv8

/// What `stat` answers; its JSON has the same names, in snake case.
struct StatReport: Encodable {
    var folder: String
    var archiveId: String
    var format: Int
    var created: String
    var inUse: Bool
    /// `nil` where the record of the counts is damaged, as are `keys` and `valueBytes`.
    var values: Values?
    var keys: Int?
    var valueBytes: Int?
    /// `nil` where the index cannot say, as is `expired`.
    var signers: Int?
    var expired: Int?
    var journal: Journal
    var index: Index
    var tables: [Table]
    var space: Space
    private var createdInstant: Instant
    private var journalInstant: Instant?

    struct Values: Encodable {
        var all, owner, signed, unsigned: Int
    }

    struct Journal: Encodable {
        var first, last: UInt64
        var checksum: String
        var at: String?

        private enum CodingKeys: CodingKey { case first, last, checksum, at }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(first, forKey: .first)
            try container.encode(last, forKey: .last)
            try container.encode(checksum, forKey: .checksum)
            try container.encode(at, forKey: .at)
        }
    }

    struct Index: Encodable {
        var last: UInt64?
        var isRebuilding: Bool
        var failure: String?

        private enum CodingKeys: CodingKey { case last, isRebuilding, failure }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(last, forKey: .last)
            try container.encode(isRebuilding, forKey: .isRebuilding)
            try container.encode(failure, forKey: .failure)
        }
    }

    struct Table: Encodable {
        var name: String
        var records, pages, bytes, depth: Int
    }

    struct Space: Encodable {
        var liveBytes, freeBytes, fileBytes, indexBytes, diskFreeBytes: Int
    }

    private enum CodingKeys: CodingKey {
        case folder, archiveId, format, created, inUse, values, keys, valueBytes, signers, expired, journal, index
        case tables, space
    }

    init(_ summary: ArchiveSummary, folder: String) {
        self.folder = folder
        archiveId = Hex.encode(summary.archiveID)
        format = summary.format
        created = Words.moment(summary.created)
        createdInstant = summary.created
        inUse = summary.isInUse
        values = summary.values.map {
            Values(all: $0.all, owner: $0.owner, signed: $0.signed, unsigned: $0.unsigned)
        }
        keys = summary.values?.keys
        valueBytes = summary.values?.bytes
        signers = summary.index?.signers
        expired = summary.index?.expired
        journalInstant = summary.journal.at
        journal = Journal(
            first: summary.journal.first, last: summary.journal.last,
            checksum: Hex.encode(withUnsafeBytes(of: summary.journal.checksum.bigEndian) { Array($0) }),
            at: summary.journal.at.map(Words.moment))
        index = Index(
            last: summary.index?.lastChange, isRebuilding: summary.index?.isRebuilding ?? false,
            failure: summary.indexFailure)
        tables = summary.tables.map {
            Table(name: $0.name, records: $0.records, pages: $0.pages, bytes: $0.bytes, depth: $0.depth)
        }
        space = Space(
            liveBytes: summary.space.liveBytes, freeBytes: summary.space.freeBytes,
            fileBytes: summary.space.fileBytes, indexBytes: summary.space.indexBytes,
            diskFreeBytes: summary.space.diskFreeBytes)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(folder, forKey: .folder)
        try container.encode(archiveId, forKey: .archiveId)
        try container.encode(format, forKey: .format)
        try container.encode(created, forKey: .created)
        try container.encode(inUse, forKey: .inUse)
        try container.encode(values, forKey: .values)
        try container.encode(keys, forKey: .keys)
        try container.encode(valueBytes, forKey: .valueBytes)
        try container.encode(signers, forKey: .signers)
        try container.encode(expired, forKey: .expired)
        try container.encode(journal, forKey: .journal)
        try container.encode(index, forKey: .index)
        try container.encode(tables, forKey: .tables)
        try container.encode(space, forKey: .space)
    }

    /// The answer for people.
    func text(on terminal: Terminal, at now: Instant) -> String {
        let head = terminal.strong("Archive \(terminal.digits(archiveId)) in \(folder)")
        return
            ([head] + summaryLines(terminal, now) + ["", terminal.strong("Tables")] + tableLines()
            + ["", terminal.strong("Space")] + spaceLines()).joined(separator: "\n")
    }

    private func summaryLines(_ terminal: Terminal, _ now: Instant) -> [String] {
        var table = TextTable()
        table.add("format", "\(format), begun \(Words.moment(createdInstant, at: now))")
        table.add("used by", inUse ? "a running node" : "nobody")
        if let values, let keys, let valueBytes {
            table.add(
                "values",
                "\(values.all) under \(Words.count(keys, "key")): \(values.owner) of their owner, \(values.signed) "
                    + "signed by others, \(values.unsigned) unsigned")
            table.add("size", "\(Words.space(valueBytes)) of values")
        } else {
            table.add("values", terminal.bad("the record of the counts is damaged; a node counts them anew"))
        }
        if let expired { table.add("expired", "\(expired)") }
        if let signers { table.add("signers", "\(signers)") }
        table.add("journal", journalText(now))
        table.add("index", indexText(terminal))
        return table.lines()
    }

    private func journalText(_ now: Instant) -> String {
        guard journal.last > 0 else { return "no change yet" }
        let made = journalInstant.map { ", made \(Words.moment($0, at: now))" } ?? ""
        return "change \(journal.last)\(made), kept from \(journal.first) on"
    }

    private func indexText(_ terminal: Terminal) -> String {
        guard let last = index.last else { return terminal.bad("none to be used (\(index.failure ?? "unknown"))") }
        if index.isRebuilding { return "being rebuilt" }
        if last > journal.last { return "ahead of the archive; a node rebuilds it" }
        return last == journal.last ? "up to date" : "\(journal.last - last) behind"
    }

    private func tableLines() -> [String] {
        var table = TextTable()
        table.add("table", "records", "pages", "depth", "bytes a record", "takes")
        for shape in tables {
            table.add(
                shape.name, "\(shape.records)", "\(shape.pages)", "\(shape.depth)",
                shape.records == 0 ? "-" : "\(shape.bytes / shape.records)", Words.space(shape.bytes))
        }
        return table.lines()
    }

    private func spaceLines() -> [String] {
        var table = TextTable()
        table.add("in use", Words.space(space.liveBytes))
        table.add("free in the file", Words.space(space.freeBytes))
        table.add("file", Words.space(space.fileBytes))
        table.add("index", Words.space(space.indexBytes))
        table.add("free on the disk", Words.space(space.diskFreeBytes))
        return table.lines()
    }
}
