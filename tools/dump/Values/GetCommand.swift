internal import Archive
internal import ArgumentParser
internal import Console
internal import IPv8

/// `bristlecone-dump get`
struct GetCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show every value under a key, with all its details.",
        discussion: """
            Includes expired, retained and damaged values, in the order in which a node serves them. The exit status \
            is 1 if there is no value.

            For example:

              bristlecone-dump get greeting ./data
              bristlecone-dump get greeting --as-of 2026-03-01 ./data
              bristlecone-dump get 2db9c2a1d2b5f6fd7a1ec2f2e7b5cd0a3f4c6d19 --json ./data
              bristlecone-dump get greeting --raw ./data > greeting.bin
            """)

    @OptionGroup var argument: KeyArgument

    @Option(
        help: ArgumentHelp(
            "Show the state at this time, as far as the history reaches: \(MomentArgument.form).", valueName: "date"))
    var asOf: MomentArgument?

    @Flag(help: "Write only the data of the first undamaged value, byte for byte.")
    var raw = false

    @OptionGroup var options: DumpOptions

    mutating func validate() throws {
        if raw, options.json { throw ValidationError("--raw writes bytes and --json writes text: choose one.") }
    }

    mutating func run() throws {
        let now = asOf?.instant ?? DumpOptions.now
        let key = argument.key
        let values = try options.open().values(of: key, asOf: asOf?.instant)
        if raw, let record = values.compactMap(\.record).first {
            return try RowWriter.write(Array(record.entry.data))
        }
        if options.json || !values.isEmpty {
            try options.output.show(
                .object([
                    "key": .string(key.description), "as_of": JSON(asOf.map { Words.moment($0.instant) }),
                    "values": .array(values.map { $0.json(at: now) }),
                ])
            ) { terminal in text(of: values, on: terminal, at: now) }
        }
        guard !values.isEmpty else {
            let then = asOf.map { " as of \(Words.moment($0.instant))" } ?? ""
            throw DumpFailure(
                message: "There is nothing under \(key) in \(options.folder)\(then); \"bristlecone-dump why\" may tell "
                    + "more.", status: DumpFailure.found)
        }
    }

    private func text(of values: [ArchivedValue], on terminal: Terminal, at now: Instant) -> String {
        let then = asOf.map { " as of \(Words.moment($0.instant))" } ?? ""
        let head =
            "\(Words.count(values.count, "value")) under \(terminal.strong(terminal.digits(argument.key)))\(then)"
        return ([head] + values.map { $0.lines(on: terminal, at: now).joined(separator: "\n") })
            .joined(separator: "\n\n")
    }
}
