internal import Archive
internal import ArgumentParser
internal import Console
internal import IPv8

/// `bristlecone-dump history`
struct HistoryCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show every archived version of the values under a key.",
        discussion: """
            The archive keeps each signer's first version, the last sixteen, and fewer and fewer in between. Unsigned \
            values have no versions: "bristlecone-dump get" shows them. The exit status is 1 if there is no version.

            For example:

              bristlecone-dump history greeting ./data
              bristlecone-dump history greeting --changes --json ./data
            """)

    @OptionGroup var argument: KeyArgument

    @Flag(help: "Also show the key's changes in the journal, which is read completely.")
    var changes = false

    @OptionGroup var options: DumpOptions

    mutating func run() throws {
        let now = DumpOptions.now
        let reader = try options.open()
        let histories = try reader.history(of: argument.key)
        let changes = changes ? try JournalReading.changes(of: argument.key, in: reader) : nil
        let isEmpty = histories.isEmpty && changes?.isEmpty ?? true
        if options.json || !isEmpty {
            try options.output.show(json(histories, changes, at: now)) { text(histories, changes, on: $0, at: now) }
        }
        guard !isEmpty else {
            throw DumpFailure(
                message: "No signed value is known under \(argument.key) in \(options.folder).",
                status: DumpFailure.found)
        }
    }

    private func json(_ histories: [ValueHistory], _ changes: [KnownChange]?, at now: Instant) -> JSON {
        .object([
            "key": .string(argument.key.description),
            "signers": .array(
                histories.map { history in
                    .object([
                        "signer": .string(history.signer.description),
                        "versions": .array(history.versions.map { $0.json(at: now) }),
                    ])
                }),
            "changes": changes.map { .array($0.map(\.json)) } ?? .null,
        ])
    }

    private func text(
        _ histories: [ValueHistory], _ changes: [KnownChange]?, on terminal: Terminal, at now: Instant
    ) -> String {
        let count = histories.reduce(0) { $0 + $1.versions.count }
        var lines = [
            "\(Words.count(count, "version")) of \(Words.count(histories.count, "signer")) under "
                + terminal.strong(terminal.digits(argument.key))
        ]
        for history in histories {
            let whose = history.signer.bits == argument.key.bits ? ", the key's owner" : ""
            lines += ["", "  \(terminal.strong(terminal.digits(history.signer)))\(whose)"]
            lines += versionLines(history, on: terminal, at: now)
        }
        if let changes, !changes.isEmpty {
            lines += ["", terminal.strong("Changes")] + changeLines(changes, on: terminal, at: now)
        }
        return lines.joined(separator: "\n")
    }

    private func versionLines(_ history: ValueHistory, on terminal: Terminal, at now: Instant) -> [String] {
        let width = terminal.momentWidth
        let table = ColumnTable(
            [
                .init("version", 10, isRight: true), .init("first seen", width), .init("until", 9 + width),
                .init("data", 0),
            ], on: terminal.indented(by: 2))
        let rows = history.versions.map { value -> [ColumnTable.Cell] in
            guard let record = value.record, let signature = record.entry.signature else {
                return [.init("-"), .init("-"), .init("-"), .bad("damaged")]
            }
            let end =
                value.replacedAt.map { "replaced \(terminal.column($0, at: now))" }
                ?? "\(value.state(at: now).rawValue) \(terminal.column(record.expiresAt, at: now))"
            return [
                .init("\(signature.version.number)"), .init(terminal.column(record.firstSeen, at: now)), .init(end),
                .init(Terminal.shown(Array(record.entry.data))),
            ]
        }
        return ([table.header] + rows.map { table.row($0) }).map { "  \($0)" }
    }

    private func changeLines(_ changes: [KnownChange], on terminal: Terminal, at now: Instant) -> [String] {
        let table = ColumnTable(
            [
                .init("change", 10, isRight: true), .init("made", terminal.momentWidth), .init("class", 8),
                .init("id", terminal.digitsWidth(40)), .init("what", 0),
            ], on: terminal.indented(by: 2))
        let rows = changes.map { change -> [ColumnTable.Cell] in
            [
                .init("\(change.number)"), .init(terminal.column(change.at, at: now)), .init(change.entryClass.name),
                .init(terminal.digits(change.id)),
                .init(change.isRemoval ? "taken out" : "stored, refreshed or moved"),
            ]
        }
        return ([table.header] + rows.map { table.row($0) }).map { "  \($0)" }
    }
}

/// Reads the journal, and shows its progress.
enum JournalReading {
    static func changes(of key: Target, in reader: ArchiveReader) throws(ArchiveError) -> [KnownChange] {
        var progress = ProgressLine()
        defer { progress.end() }
        return try reader.changes(of: key) { done, total in progress.show("\(done) of \(total) changes read") }
    }
}

extension KnownChange {
    var json: JSON {
        .object([
            "number": JSON(number), "at": .string(Words.moment(at)), "kind": .string(isRemoval ? "removed" : "changed"),
            "class": .string(entryClass.name), "id": .string(id.description),
        ])
    }
}
