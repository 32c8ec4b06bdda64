internal import Archive
internal import ArgumentParser
internal import Console
internal import IPv8

/// The result of `stat`.
struct StatReport {
    let summary: ArchiveSummary
    let folder: String
    let now: Instant
    /// Of which state of another archive it is an exact copy; `nil` if of none.
    let copyOf: DumpOrigin?

    /// The answer for programs.
    var json: JSON {
        .object([
            "folder": .string(folder), "archive_id": .string(Hex.encode(summary.archiveID)), "copy_of": copy,
            "format": JSON(summary.format), "folder_format": JSON(summary.folderFormat),
            "folder_is_newer": .bool(summary.isFolderNewer), "created": .string(Words.moment(summary.created)),
            "in_use": .bool(summary.isInUse), "values": values, "keys": JSON(summary.values?.keys),
            "value_bytes": JSON(summary.values?.bytes), "signers": JSON(summary.index?.signers),
            "versions": JSON(versions), "expired": JSON(summary.index?.expired), "expiry": expiry,
            "growth": .array(summary.growth.map(\.json)), "journal": journal, "index": index,
            "budgets": .array(summary.budgets.map { $0.json(in: summary) }),
            "tables": .array(summary.tables.map(\.json)), "space": space,
        ])
    }

    private var copy: JSON {
        copyOf.map { origin in
            .object([
                "archive": .string(origin.archive), "change": JSON(origin.change),
                "checksum": .string(Hex.encode(origin.checksum.bytes)),
            ])
        } ?? .null
    }

    private var values: JSON {
        summary.values.map { values in
            .object([
                "all": JSON(values.all), "owner": JSON(values.owner), "signed": JSON(values.signed),
                "unsigned": JSON(values.unsigned),
            ])
        } ?? .null
    }

    private var expiry: JSON {
        summary.index.map { index in
            .object([
                "retained": JSON(index.retained), "next": JSON(index.nextExpiry.map(Words.moment)),
                "within_an_hour": JSON(index.expiringInAnHour), "within_a_day": JSON(index.expiringInADay),
            ])
        } ?? .null
    }

    private var journal: JSON {
        .object([
            "first": JSON(summary.journal.first), "last": JSON(summary.journal.last),
            "checksum": .string(Hex.encode(summary.journal.checksum.bytes)),
            "at": JSON(summary.journal.at.map(Words.moment)),
        ])
    }

    private var index: JSON {
        .object([
            "last": JSON(summary.index?.lastChange), "is_rebuilding": .bool(summary.index?.isRebuilding ?? false),
            "failure": JSON(summary.indexFailure),
        ])
    }

    private var space: JSON {
        .object([
            "live_bytes": JSON(summary.space.liveBytes), "free_bytes": JSON(summary.space.freeBytes),
            "file_bytes": JSON(summary.space.fileBytes), "index_bytes": JSON(summary.space.indexBytes),
            "disk_free_bytes": JSON(summary.space.diskFreeBytes),
        ])
    }

    /// Earlier versions in the history.
    private var versions: Int { summary.tables.first { $0.name == "history" }?.records ?? 0 }

    /// The answer for people.
    func text(on terminal: Terminal) -> String {
        let head = terminal.strong("Archive \(terminal.digits(Hex.encode(summary.archiveID))) in \(folder)")
        return
            ([head] + summaryLines(terminal) + ["", terminal.strong("Budgets")] + budgetLines()
            + ["", terminal.strong("Tables")] + tableLines() + ["", terminal.strong("Space")] + spaceLines())
            .joined(separator: "\n")
    }

    private func summaryLines(_ terminal: Terminal) -> [String] {
        var table = TextTable()
        table.add("format", "\(summary.format), begun \(Words.moment(summary.created, at: now))")
        if summary.isFolderNewer, let found = summary.folderFormat {
            table.add(
                "folder",
                terminal.bad(
                    "format \(found), written by a newer program: this one knows formats up to "
                        + "\(FolderFormat.current) and does not change it"))
        }
        if let copyOf {
            table.add("copy of", "archive \(copyOf.archive) at change \(copyOf.change)")
        }
        table.add("used by", summary.isInUse ? "a running node" : "nobody")
        if let values = summary.values {
            table.add(
                "values",
                "\(values.all) under \(Words.count(values.keys, "key")): \(values.owner) signed by their owner, "
                    + "\(values.signed) signed by others, \(values.unsigned) unsigned")
            table.add("size", "\(Words.space(values.bytes)) of values")
        } else {
            table.add("values", terminal.bad("the record of counts is damaged; a node rebuilds it"))
        }
        table.add("versions", "\(versions) earlier ones")
        if let index = summary.index {
            table.add("signers", "\(index.signers)")
            table.add("expired", expiredText(index))
            table.add("expiring", expiringText(index))
        }
        table.add("growth", growthText)
        table.add("journal", journalText)
        table.add("index", indexText(terminal))
        return table.lines()
    }

    private func expiredText(_ index: ArchiveSummary.IndexSummary) -> String {
        index.expired == 0 ? "0" : "\(index.expired), \(index.retained) of them retained"
    }

    private func expiringText(_ index: ArchiveSummary.IndexSummary) -> String {
        guard let next = index.nextExpiry else { return "none" }
        return
            "\(index.expiringInAnHour) within an hour, \(index.expiringInADay) within a day, the next one "
            + Words.moment(next, at: now)
    }

    private var growthText: String {
        let parts = summary.growth.compactMap { growth in
            growth.changes.map { "\($0) in \(growth.words)" }
        }
        return parts.isEmpty ? "the journal does not reach back an hour" : "changes: " + parts.joined(separator: ", ")
    }

    private var journalText: String {
        guard summary.journal.last > 0 else { return "no change yet" }
        let made = summary.journal.at.map { ", made \(Words.moment($0, at: now))" } ?? ""
        return "change \(summary.journal.last)\(made), kept from \(summary.journal.first) on"
    }

    private func indexText(_ terminal: Terminal) -> String {
        guard let index = summary.index else {
            return terminal.bad("not usable (\(summary.indexFailure ?? "unknown"))")
        }
        if index.isRebuilding { return "being rebuilt" }
        let last = summary.journal.last
        if index.lastChange > last { return "ahead of the archive; a node rebuilds it" }
        return last == index.lastChange ? "up to date" : "\(last - index.lastChange) changes behind"
    }

    private func budgetLines() -> [String] {
        var table = TextTable()
        table.add("part", "records", "bytes", "of its pages")
        for budget in summary.budgets {
            table.add(
                budget.budget.name, "\(budget.records)", Words.space(budget.bytes),
                budget.fill(in: summary).map { "\($0) %" } ?? "-")
        }
        return table.lines()
    }

    private func tableLines() -> [String] {
        var table = TextTable()
        table.add("table", "records", "pages", "depth", "bytes a record", "takes")
        for shape in summary.tables {
            table.add(
                shape.name, "\(shape.records)", "\(shape.pages)", "\(shape.depth)",
                shape.records == 0 ? "-" : "\(shape.bytes / shape.records)", Words.space(shape.bytes))
        }
        return table.lines()
    }

    private func spaceLines() -> [String] {
        var table = TextTable()
        table.add("in use", Words.space(summary.space.liveBytes))
        table.add("free in the file", Words.space(summary.space.freeBytes))
        table.add("file", Words.space(summary.space.fileBytes))
        table.add("index", Words.space(summary.space.indexBytes))
        table.add("free on the disk", Words.space(summary.space.diskFreeBytes))
        return table.lines()
    }
}

extension ArchiveSummary.BudgetShape {
    /// The share of its table's pages that the records fill, in percent; `nil` if the table has no pages.
    fileprivate func fill(in summary: ArchiveSummary) -> Int? {
        let table = budget == .served ? "entries" : budget.name
        guard let shape = summary.tables.first(where: { $0.name == table }), shape.bytes > 0, records > 0 else {
            return nil
        }
        return bytes * 100 / shape.bytes
    }

    fileprivate func json(in summary: ArchiveSummary) -> JSON {
        .object([
            "name": .string(budget.name), "records": JSON(records), "bytes": JSON(bytes),
            "fill_percent": JSON(fill(in: summary)),
        ])
    }
}

extension ArchiveSummary.TableShape {
    fileprivate var json: JSON {
        .object([
            "name": .string(name), "records": JSON(records), "pages": JSON(pages), "bytes": JSON(bytes),
            "depth": JSON(depth),
        ])
    }
}

extension ArchiveGrowth {
    fileprivate var json: JSON {
        .object(["seconds": JSON(period.nanoseconds / 1_000_000_000), "changes": JSON(changes)])
    }

    fileprivate var words: String {
        switch period {
        case .seconds(3600): "the last hour"
        case .seconds(86_400): "a day"
        default: "\(period.nanoseconds / 86_400_000_000_000) days"
        }
    }
}

extension UInt64 {
    fileprivate var bytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}

/// `bristlecone-dump stat`
struct StatCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat",
        abstract: "Show how much an archive contains and how full it is.",
        discussion: """
            The archive's own figures appear immediately, however large it is. The command then checks pages and \
            records for up to two seconds; the exit status is 2 if any are damaged or missing. The index counts \
            signers and expiry, at about three million values a second. Growth comes from the journal of the last \
            hour, day and month.

            For example:

              bristlecone-dump stat ./data
              bristlecone-dump stat --json ./data
            """)

    @OptionGroup var options: DumpOptions

    /// Figures must appear quickly, however large the archive is, so the check takes no longer.
    private static let lookMax: Duration = .seconds(2)

    mutating func run() throws {
        let now = DumpOptions.now
        let reader = try ArchiveReader.open(folder: options.folder)
        try Shortfall.look(at: reader, called: options.folder, limit: StatCommand.lookMax, countsDamaged: true)
        let origin = try reader.origin()
        let report = StatReport(
            summary: try reader.summary(at: now), folder: options.folder, now: now,
            copyOf: origin.archiveID == reader.archiveID ? nil : origin)
        try options.output.show(report.json) { report.text(on: $0) }
    }
}
