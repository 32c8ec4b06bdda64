internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import HTTPAPI
internal import IPv8
internal import Platform

/// `bristlecone backup FOLDER`
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy everything that a node keeps into a new folder, while it runs or not.",
        discussion: """
            The backup contains the archive, its index, bristlecone.yaml and the node's private key. Whoever can read \
            it can act as this node, so keep it as safe as the data folder. A running node continues meanwhile; \
            everything that it acknowledged before the backup began is in it. The folder gets its name when the backup \
            is complete; until then the name ends with \(Backup.unfinishedSuffix). If the node stops during a backup, \
            it gives the backup up and removes the unfinished folder. The running node writes the backup: its user \
            needs write access, and Ctrl-C here does not stop it.

            For example:

              bristlecone backup /backups/bristlecone-2026-02-03
              bristlecone restore /backups/bristlecone-2026-02-03 --data ./restored
            """)

    @Argument(help: ArgumentHelp("The new folder for the backup. Its parent folder must exist.", valueName: "folder"))
    var folder: String

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        if folder.isEmpty { throw ValidationError("The folder's name is empty.") }
    }

    mutating func run() async throws {
        let path = folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
        let dataFolder = client.folder
        let progress = CopyProgress.line(
            for: FolderPath(path).text + Backup.unfinishedSuffix,
            bytesExpected: CopyProgress.bytesOnDisk(of: ["archive.mdb", "index.sqlite"], in: dataFolder))
        let report = try await ProgressLine.during(progress) { try await backUp(dataFolder, to: path) }
        guard access(path, F_OK) == 0 || errno != ENOENT else {
            throw CommandFailure(
                message: "The node wrote the backup to \(path), but this command does not see that folder: a service "
                    + "may have its own /tmp, which vanishes when it stops. Choose a folder that both can see."
            )
        }
        try client.show(report) { report.text(on: $0, backup: folder, dataFolder: dataFolder) }
    }

    /// Asks the running node for the backup, or makes it here if no node is running.
    private func backUp(_ dataFolder: String, to path: String) async throws -> BackupReport {
        do {
            return try await client.call(Operations.backUp, BackupRequest(folder: path))
        } catch ControlSocketError.notRunning {
            return try Backup.ofStoppedNode(dataFolder: dataFolder, to: path)
        }
    }
}

/// `bristlecone restore BACKUP`
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Replace a data folder with a backup.",
        discussion: """
            Checks every file of the backup before it replaces anything. No node may be running in the data folder. \
            The old folder is not deleted: the command moves it aside and prints its new name. A node that starts on \
            restored data is the node of the backup, with the same identity and the same values, but without anything \
            that it stored later.

            For example:

              bristlecone restore /backups/bristlecone-2026-02-03
              bristlecone restore /backups/bristlecone-2026-02-03 --data ./restored
            """)

    @Argument(help: ArgumentHelp("A folder that \"bristlecone backup\" wrote.", valueName: "backup"))
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
        let folder = FolderPath(client.folder).text
        let progress = CopyProgress.line(
            for: Backup.restoringFolder(of: folder), bytesExpected: try Backup.byteCount(of: backup))
        let report = try ProgressLine.during(progress) { try Backup.restore(backup, to: folder) }
        try client.show(report) { report.text(on: $0) }
    }
}

extension BackupReport {
    /// The report for people.
    ///
    /// - Parameters:
    ///   - backup: the folder as it was typed.
    ///   - dataFolder: the node's data folder.
    func text(on terminal: Terminal, backup: String, dataFolder: String) -> String {
        var table = TextTable()
        table.add("values", "\(values)")
        table.add("journal", Words.journal(last: journalLast, at: journalAt))
        table.add("space", Words.space(bytes))
        table.add("took", Words.time(duration))
        if let indexIsMissingBecause {
            table.add("index", "not copied (\(indexIsMissingBecause)); it is rebuilt after a restore")
        }
        let head = "\(terminal.good("Backed up")) to \(terminal.strong(folder))"
        let option = dataFolder == NodeSettings().dataFolder ? "" : " --data \(shellWord(dataFolder))"
        let foot = [
            "It contains the node's private key: keep it where nobody else can read it.",
            "To restore it: bristlecone restore \(shellWord(backup))\(option)",
        ]
        return ([head] + table.lines() + foot.map(terminal.faint)).joined(separator: "\n")
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
