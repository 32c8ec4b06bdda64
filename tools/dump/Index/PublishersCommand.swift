internal import Archive
internal import ArgumentParser
internal import Console
internal import IPv8

extension PublisherOrder: ExpressibleByArgument {}

/// `bristlecone-dump publishers`
struct PublishersCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "publishers",
        abstract: "List the publishers of the values, one per line.",
        discussion: """
            The publisher with the most values comes first, unless --sort says otherwise. Expired values count until \
            they leave the archive.

            For example:

              bristlecone-dump publishers --limit 10 ./data
              bristlecone-dump publishers --sort last-stored --json ./data
            """)

    @Option(help: ArgumentHelp("The order of the list.", valueName: "order"))
    var sort = PublisherOrder.values

    @Flag(help: "Reverse the order.")
    var reverse = false

    @OptionGroup var length: LimitOption

    @OptionGroup var options: DumpOptions

    mutating func run() throws {
        let now = DumpOptions.now
        let reader = try options.open()
        let terminal = OutputOptions.terminal
        let table = ColumnTable(Publisher.columns(on: terminal), on: terminal)
        var writer = RowWriter()
        var walk = try ProgressLine.during({ "Counting each signer's values, \(Words.age($0))" }) {
            () throws(ArchiveError) in
            try PublisherWalk(reader, by: sort, isReversed: reverse, limit: length.limit)
        }
        while !walk.isAtEnd {
            for publisher in try walk.next() {
                if writer.count == 0, !options.json { try writer.add(table.header) }
                try writer.add(
                    options.json ? publisher.json.text : table.row(publisher.cells(on: terminal, at: now)))
            }
            try writer.flush()
        }
        if writer.count == 0 { Output.complain("bristlecone-dump: No value is signed in \(options.folder).") }
    }
}

extension Publisher {
    fileprivate var json: JSON {
        .object([
            "mid": .string(mid.description), "public_key": JSON(publicKey.map { Hex.encode($0.bytes) }),
            "level": .string(level), "values": JSON(values), "bytes": JSON(bytes),
            "first_seen": .string(Words.moment(firstSeen)), "last_stored": .string(Words.moment(lastStored)),
            "pinned": .bool(isPinned), "blocked": .bool(isBlocked),
        ])
    }

    fileprivate static func columns(on terminal: Terminal) -> [ColumnTable.Column] {
        [
            .init("signer", terminal.digitsWidth(40)), .init("values", 8, isRight: true),
            .init("bytes", 10, isRight: true), .init("key", 10), .init("first seen", terminal.momentWidth),
            .init("last stored", terminal.momentWidth), .init("marks", 0),
        ]
    }

    fileprivate func cells(on terminal: Terminal, at now: Instant) -> [ColumnTable.Cell] {
        let marks = [isPinned ? "pinned" : nil, isBlocked ? "blocked" : nil].compactMap { $0 }.joined(separator: ", ")
        return [
            .strong(terminal.digits(mid)), .init("\(values)"), .init("\(bytes)"), .init(level),
            .init(terminal.column(firstSeen, at: now)), .init(terminal.column(lastStored, at: now)),
            isBlocked ? .bad(marks) : .init(marks),
        ]
    }
}
