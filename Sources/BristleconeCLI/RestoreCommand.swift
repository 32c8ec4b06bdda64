internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import IPv8
internal import Platform

/// `bristlecone restore BACKUP`
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Replace a data folder with a backup.",
        discussion: """
            Checks every file of the backup before it replaces anything. No node may be running in the data folder. \
            The old folder is not deleted: the command moves it aside and prints its new name ("bristlecone backup \
            old-data" lists such folders). The restored files get the owner of the old folder. A node that starts on \
            restored data is the node of the backup, with the same identity and the same values, but without anything \
            that it stored later.

            For example:

              bristlecone restore /backups/bristlecone-2026-02-03 --check
              bristlecone restore /backups/bristlecone-2026-02-03
              bristlecone restore /backups/bristlecone-2026-02-03 --data ./restored
            """)

    @Argument(help: ArgumentHelp("A folder that \"bristlecone backup\" wrote.", valueName: "backup"))
    var backup: String

    @Option(
        name: .customLong("data"),
        help: ArgumentHelp("The data folder to restore to (default: ./data).", valueName: "folder"))
    var dataFolder: String?

    @Option(
        help: ArgumentHelp(
            "The private key for a backup without one (default: that of the data folder).", valueName: "file"))
    var identity: String?

    @Flag(help: "Only check whether it could be restored; change nothing.")
    var check = false

    @Flag(help: "Print the answer as JSON.")
    var json = false

    mutating func run() async throws {
        var client = ClientOptions()
        client.dataFolder = dataFolder
        client.json = json
        let folder = FolderPath(client.folder).text
        guard !check else {
            let report = try Backup.check(backup, restoringTo: folder, identity: identity)
            return try client.show(report) { report.text(on: $0) }
        }
        let progress = CopyProgress.line(
            for: Backup.restoringFolder(of: folder),
            bytesExpected: try RestoreCommand.replacingNothing { () throws(BackupError) in
                try Backup.byteCount(of: backup)
            })
        let report = try ProgressLine.during(progress) { [identity, backup] in
            try RestoreCommand.replacingNothing { () throws(BackupError) in
                try Backup.restore(backup, to: folder, identity: identity)
            }
        }
        try client.show(report) { report.text(on: $0) }
    }

    /// Says of what goes wrong that the data folder is as it was before.
    private static func replacingNothing<Value>(_ body: () throws(BackupError) -> Value) throws -> Value {
        do throws(BackupError) {
            return try body()
        } catch {
            // Then the data folder has been moved.
            if case .halfway = error { throw error }
            throw CommandFailure(message: "\(error.sentences) Nothing was replaced.")
        }
    }
}

extension RestoreReport {
    /// The report for people.
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        table.add("values", "\(values)")
        table.add("journal", Words.journal(last: journalLast, at: journalAt))
        table.add("backed up", Words.moment(created))
        if let movedAside { table.add("old data", "moved to \(movedAside)") }
        if let indexIsMissingBecause {
            table.add("index", "not restored (\(indexIsMissingBecause)); the node makes a new one, without its history")
        }
        let head = "\(terminal.good("Restored")) \(terminal.strong(dataFolder))"
        var lines = [head] + table.lines()
        if changesUndone > 0 {
            lines.append(
                terminal.bad(
                    "The old data had change \(journalLast + changesUndone): "
                        + "\(Words.count(Int(clamping: changesUndone), "later change")) not in this backup."))
        }
        return (lines + [terminal.faint("Next: bristlecone run --data \(shellWord(dataFolder))")])
            .joined(separator: "\n")
    }
}

extension Words {
    /// The last change of a journal: `change 12, made 2026-02-03T12:00:00Z`.
    static func journal(last: UInt64, at instant: Instant?) -> String {
        guard last > 0 else { return "no change yet" }
        return "change \(last)" + (instant.map { ", made \(moment($0))" } ?? "")
    }
}

/// The progress of a copy, by the size of the folder that it fills.
enum CopyProgress {
    /// A progress line.
    ///
    /// - Parameter bytesExpected: the approximate final size of the folder's files.
    static func line(for folder: String, bytesExpected: Int) -> @Sendable (Duration) -> String {
        { _ in
            let copied = Backup.bytesCopied(to: folder)
            return "\(Words.space(copied)) of about \(Words.space(max(copied, bytesExpected))) copied"
        }
    }

    /// The space that files take. Missing files take none.
    static func bytesOnDisk(of names: [String], in folder: String) -> Int {
        names.reduce(0) { $0 + ((try? FileStatus.of("\(folder)/\($1)"))?.bytesOnDisk ?? 0) }
    }
}
