internal import Archive
internal import ArgumentParser

/// `bristlecone-dump stat`
struct StatCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat",
        abstract: "Tell how much an archive holds and how full it is.",
        discussion: """
            Answers at once, however large the archive is. Signers and expired values are the index's word.

            For example:

              bristlecone-dump stat ./data
              bristlecone-dump stat --json ./data
            """)

    @OptionGroup var options: DumpOptions

    mutating func run() throws {
        let now = DumpOptions.now
        let report = StatReport(try options.open().summary(at: now), folder: options.folder)
        try options.show(report) { report.text(on: $0, at: now) }
    }
}
