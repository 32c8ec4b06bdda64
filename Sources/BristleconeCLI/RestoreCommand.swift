internal import ArgumentParser
internal import Bristlecone

/// `bristlecone restore BACKUP`
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a backup in the place of a data folder.",
        discussion: """
            Every file of the backup is checked before anything is replaced, and no node may be running in the data \
            folder. What is there is not deleted but moved aside, and its new name is told. A node that starts on \
            restored data is the node of the backup: same identity, same values; what it took in later is not there.

            For example:

              bristlecone restore /backups/bristlecone-2026-02-03
              bristlecone restore /backups/bristlecone-2026-02-03 --data ./restored
            """)

    @Argument(help: ArgumentHelp("A folder that \"bristlecone backup\" has written.", valueName: "backup"))
    var backup: String

    @Option(
        name: .customLong("data"),
        help: ArgumentHelp("The data folder to restore to (default: ./data).", valueName: "folder"))
    var dataFolder: String?

    @Flag(help: "Print the answer as JSON.")
    var json = false

    mutating func run() async throws {
        var client = ClientOptions()
        client.dataFolder = dataFolder
        client.json = json
        let folder = CopyProgress.withoutSlashes(client.folder)
        let progress = CopyProgress(
            of: Backup.restoringFolder(of: folder), bytesExpected: try Backup.byteCount(of: backup))
        defer { progress.end() }
        let report = try Backup.restore(backup, to: folder)
        progress.end()
        try client.show(report) { report.text(on: $0) }
    }
}
