internal import Archive
internal import ArgumentParser

/// `bristlecone-dump stat`
struct StatCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat",
        abstract: "Tell how much an archive holds and how full it is.",
        discussion: """
            What the archive itself says comes at once, however large it is; for two seconds its pages and records are \
            looked over, as far as that goes, and the exit status is 2 where something is damaged or missing. Signers and expiry are counted in the index, \
            which takes a second for each three million values or so; growth is what the journal has of the last hour, \
            day and month.

            For example:

              bristlecone-dump stat ./data
              bristlecone-dump stat --json ./data
            """)

    @OptionGroup var options: DumpOptions

    /// What is told comes at once, however large the archive is, so it is not looked over for longer.
    private static let lookMax: Duration = .seconds(2)

    mutating func run() throws {
        let now = DumpOptions.now
        let reader = try ArchiveReader.open(folder: options.folder)
        try Shortfall.look(at: reader, called: options.folder, limit: StatCommand.lookMax, countsDamaged: true)
        let report = StatReport(summary: try reader.summary(at: now), folder: options.folder, now: now)
        try options.output.show(report.json) { report.text(on: $0) }
    }
}
