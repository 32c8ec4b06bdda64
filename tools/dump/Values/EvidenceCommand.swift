internal import Archive
internal import ArgumentParser
internal import Console
internal import IPv8

/// `bristlecone-dump evidence`
struct EvidenceCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence",
        abstract: "List pairs of different values with the same signer, key and version.",
        discussion: """
            An honest signer does not make such pairs: both values together prove that one key signed two different \
            values as the same version. --json has both entries complete, so that anybody can check them.

            For example:

              bristlecone-dump evidence ./data
              bristlecone-dump evidence --json ./data | jq -r .held | head -1 | bristlecone-dump decode -
            """)

    @OptionGroup var options: DumpOptions

    mutating func run() throws {
        let now = DumpOptions.now
        var walk = EvidenceWalk(try options.open(readsAll: true))
        let terminal = OutputOptions.terminal
        let table = ColumnTable(KnownEvidence.columns(on: terminal), on: terminal)
        var writer = RowWriter()
        var damaged = 0
        while !walk.isAtEnd {
            for pair in try walk.next() {
                if pair.evidence == nil { damaged += 1 }
                if writer.count == 0, !options.json { try writer.add(table.header) }
                try writer.add(options.json ? pair.json.text : table.row(pair.cells(on: terminal, at: now)))
            }
            try writer.flush()
        }
        if writer.count == 0 { Output.complain("bristlecone-dump: There is no evidence in \(options.folder).") }
        if damaged > 0 { Shortfall.tell("\(Words.count(damaged, "record")) cannot be read", in: options.folder) }
    }
}

extension KnownEvidence {
    fileprivate var json: JSON {
        .object([
            "key": .string(target.description), "signer": .string(signer.description),
            "damaged": .bool(evidence == nil), "version": JSON(evidence?.held.signature?.version.number),
            "noted_at": JSON(evidence.map { Words.moment($0.noted) }),
            "held": JSON(evidence.map { Hex.encode($0.held.bytes) }),
            "held_data": JSON(evidence.map { Hex.encode($0.held.data) }),
            "offered": JSON(evidence.map { Hex.encode($0.offered.bytes) }),
            "offered_data": JSON(evidence.map { Hex.encode($0.offered.data) }),
        ])
    }

    fileprivate static func columns(on terminal: Terminal) -> [ColumnTable.Column] {
        let digits = terminal.digitsWidth(40)
        return [
            .init("key", digits), .init("signer", digits), .init("version", 10, isRight: true),
            .init("noted", terminal.momentWidth), .init("first and later value", 0),
        ]
    }

    fileprivate func cells(on terminal: Terminal, at now: Instant) -> [ColumnTable.Cell] {
        let head: [ColumnTable.Cell] = [.strong(terminal.digits(target)), .init(terminal.digits(signer))]
        guard let evidence else { return head + [.init("-"), .init("-"), .bad("damaged")] }
        let pair = [evidence.held, evidence.offered].map { Terminal.shown(Array($0.data)) }
        return head + [
            .init(evidence.held.signature.map { "\($0.version.number)" } ?? "-"),
            .init(terminal.column(evidence.noted, at: now)), .init(pair.joined(separator: ", ")),
        ]
    }
}
