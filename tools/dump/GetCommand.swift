internal import Archive
internal import ArgumentParser
internal import IPv8

/// `bristlecone-dump get`
struct GetCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show every value under a key, with all that is known of it.",
        discussion: """
            Expired and damaged values too, in the order in which they are served. The exit status is 1 where there is \
            none.

            For example:

              bristlecone-dump get greeting ./data
              bristlecone-dump get 2db9c2a1d2b5f6fd7a1ec2f2e7b5cd0a3f4c6d19 --json ./data
            """)

    @Argument(
        help: ArgumentHelp("A text, which is hashed with SHA-1, or 40 hexadecimal digits.", valueName: "key"),
        transform: { text in
            guard !text.isEmpty else { throw ValidationError("A key is a text, or 40 hexadecimal digits.") }
            return Target(hex: text) ?? Target(hashing: text)
        })
    var key: Target

    @OptionGroup var options: DumpOptions

    mutating func run() throws {
        let now = DumpOptions.now
        let report = GetReport(try options.open().values(of: key), of: key, at: now)
        if options.json || !report.values.isEmpty { try options.show(report) { report.text(on: $0, at: now) } }
        guard !report.values.isEmpty else {
            throw DumpFailure(
                message: "There is nothing under \(key) in \(options.folder).", status: DumpFailure.found)
        }
    }
}
