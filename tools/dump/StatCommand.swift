internal import Archive
internal import ArgumentParser

/// `bristlecone-dump stat`
struct StatCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat",
        abstract: "Tell how much an archive holds and how full it is.",
        discussion: """
            What the archive itself says comes at once, however large it is. Signers and expiry are counted in the index, \
            which takes a second for each three million values or so; growth is what the journal has of the last hour, \
            day and month.

            For example:

              bristlecone-dump stat ./data
              bristlecone-dump stat --json ./data
            """)

    @OptionGroup var options: DumpOptions

    mutating func run() throws {
        let now = DumpOptions.now
        let report = StatReport(summary: try options.open().summary(at: now), folder: options.folder, now: now)
        try options.output.show(report.json) { report.text(on: $0) }
    }
}
