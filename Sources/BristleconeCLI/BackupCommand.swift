internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import HTTPAPI
internal import IPv8
internal import Platform

/// `bristlecone backup FOLDER`, `check` and `old-data`
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy everything that a node keeps into a new folder, while it runs or not; check backups.",
        discussion: """
            The backup contains the archive, its index, bristlecone.yaml and the node's private key. Whoever can read \
            it can act as this node, so keep it as safe as the data folder, or leave the key out (--without-identity) and \
            keep identity.key elsewhere. A running node continues meanwhile; everything that it acknowledged before the \
            backup began is in it. The folder gets its name when the backup is complete; until then the name ends with \
            \(Backup.unfinishedSuffix). If the node stops during a backup, it gives the backup up and removes the \
            unfinished folder. The running node writes the backup: its user needs write access, and Ctrl-C here does not \
            stop it. What "bristlecone forget" erased is not in later backups; earlier ones still contain it.

            For example:

              bristlecone backup /backups/bristlecone-2026-02-03
              bristlecone backup check /backups/bristlecone-2026-02-03
              bristlecone restore /backups/bristlecone-2026-02-03 --data ./restored
            """,
        subcommands: [BackupMakeCommand.self, BackupCheckCommand.self, BackupOldDataCommand.self],
        defaultSubcommand: BackupMakeCommand.self)
}

/// `bristlecone backup FOLDER`
struct BackupMakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make",
        abstract: "Make a backup; \"make\" can be left out.",
        discussion: """
            With --keep, the command then deletes earlier backups beside the new one. daily=7 keeps the last backup of each \
            of the last 7 days that have one; weekly and monthly work alike. Only complete backups of the same archive are \
            deleted, and never the new one.

            For example:

              bristlecone backup /backups/bristlecone-2026-02-03
              bristlecone backup /backups/$(date -u +%F) --keep daily=7,weekly=5,monthly=12
            """)

    @Argument(help: ArgumentHelp("The new folder for the backup. Its parent folder must exist.", valueName: "folder"))
    var folder: String

    @Option(
        help: ArgumentHelp(
            "Delete earlier backups beside the new one, except those that this rule keeps.",
            valueName: "daily=7,weekly=5,monthly=12"))
    var keep: String?

    @Flag(help: "Leave out the node's private key.")
    var withoutIdentity = false

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        if folder.isEmpty { throw ValidationError("The folder's name is empty.") }
        if let keep, BackupRetention(keep) == nil {
            throw ValidationError(
                "\(quoted(keep)) does not say how many to keep: write it like daily=7,weekly=5,monthly=12.")
        }
    }

    /// The node's report, and what became of earlier backups.
    private struct Answer: Encodable {
        let report: BackupReport
        let pruned: PrunedBackups?

        private enum CodingKeys: String, CodingKey { case kept, deleted }

        func encode(to encoder: any Encoder) throws {
            try report.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(pruned?.kept, forKey: .kept)
            try container.encode(pruned?.deleted, forKey: .deleted)
        }
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
        let pruned = try keep.flatMap(BackupRetention.init).map { try Backup.prune(beside: report, keeping: $0) }
        try client.show(Answer(report: report, pruned: pruned)) { terminal in
            report.text(on: terminal, backup: folder, dataFolder: dataFolder)
                + (pruned.map { "\n" + $0.text(on: terminal) } ?? "")
        }
    }

    /// Asks the running node for the backup, or makes it here if no node is running.
    private func backUp(_ dataFolder: String, to path: String) async throws -> BackupReport {
        do {
            return try await client.call(
                Operations.backUp, BackupRequest(folder: path, withoutIdentity: withoutIdentity))
        } catch ControlSocketError.notRunning {
            return try Backup.ofStoppedNode(dataFolder: dataFolder, to: path, withIdentity: !withoutIdentity)
        }
    }
}

/// `bristlecone backup check BACKUP`
struct BackupCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check whether a backup can be restored, without restoring anything.",
        discussion: """
            Reads every file of the backup and finds everything for which "bristlecone restore" would refuse it. The exit \
            status is 1 if something is wrong. A damaged index is no fault: a restore makes a new one. \
            "bristlecone-dump verify" looks at every value in the backup too.

            For example:

              bristlecone backup check /backups/bristlecone-2026-02-03
            """)

    @Argument(help: ArgumentHelp("A folder that \"bristlecone backup\" wrote.", valueName: "backup"))
    var backup: String

    @Flag(help: "Print the answer as JSON.")
    var json = false

    mutating func run() async throws {
        var client = ClientOptions()
        client.json = json
        let report = try Backup.check(backup)
        try client.show(report) { report.text(on: $0) }
    }
}

/// `bristlecone backup old-data`
struct BackupOldDataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "old-data",
        abstract: "List or delete the data that \"bristlecone restore\" has moved aside.",
        discussion: """
            These folders lie beside the data folder, and each has a private key too.

            For example:

              bristlecone backup old-data
              bristlecone backup old-data --delete --older-than "30 days"
            """)

    @Flag(help: "Delete them, after confirmation.")
    var delete = false

    @Option(help: ArgumentHelp("Only those that were moved so long ago, such as \"30 days\".", valueName: "time"))
    var olderThan: String?

    @Flag(help: "Do not ask for confirmation.")
    var yes = false

    @OptionGroup var client: ClientOptions

    private struct Answer: Encodable {
        let folders: [OldData]
        let deleted: Bool
    }

    mutating func validate() throws {
        if let olderThan, TimeSpan(olderThan)?.seconds == nil {
            throw ValidationError("\(quoted(olderThan)) is not a length of time: write it like \"30 days\".")
        }
    }

    mutating func run() async throws {
        let age = olderThan.flatMap { TimeSpan($0)?.seconds } ?? 0
        let now = Instant(sinceEpoch: .seconds(Date().timeIntervalSince1970))
        let found = try Backup.oldData(of: client.folder).filter { $0.moved <= now - .seconds(age) }
        if delete, !found.isEmpty {
            if !yes { try confirm(found) }
            for old in found { try Backup.delete(old) }
        }
        try client.show(Answer(folders: found, deleted: delete)) { terminal in
            guard !found.isEmpty else {
                let place = olderThan.map { "is older than \($0)" } ?? "lies beside \(client.folder)"
                return "No folder that a restore moved aside \(place)."
            }
            var table = TextTable()
            for old in found { table.add(old.folder, Words.moment(old.moved), Words.space(old.bytes)) }
            let head = "\(terminal.good("Deleted")) \(Words.count(found.count, "folder"))"
            return ((delete ? [head] : []) + table.lines()).joined(separator: "\n")
        }
    }

    private func confirm(_ found: [OldData]) throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure(
                message: "This deletes for good, and there is no terminal to ask for confirmation: add --yes.",
                status: .usage)
        }
        Output.complain(
            "Delete \(found.map(\.folder).joined(separator: ", ")) for good? Type yes to continue.")
        guard readLine() == "yes" else { throw CommandFailure(message: "Nothing was deleted.") }
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
            hasIdentity
                ? "It contains the node's private key: keep it where nobody else can read it."
                : "It does not contain the node's private key: keep identity.key somewhere else.",
            "To restore it: bristlecone restore \(shellWord(backup))\(option)",
        ]
        return ([head] + table.lines() + foot.map(terminal.faint)).joined(separator: "\n")
    }
}

extension PrunedBackups {
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        for name in deleted { table.add(terminal.bad("deleted"), name) }
        for name in kept { table.add("kept", name) }
        return table.lines().joined(separator: "\n")
    }
}

extension BackupCheckReport {
    /// The report for people.
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        table.add("backed up", Words.moment(created))
        table.add("values", "\(values)")
        table.add("journal", Words.journal(last: journalLast, at: journalAt))
        table.add("space", Words.space(bytes))
        if !hasIdentity { table.add("private key", "not in the backup") }
        if let indexIsMissingBecause {
            table.add("index", "not usable (\(indexIsMissingBecause)); it is rebuilt after a restore")
        }
        let place = dataFolder.map { " to \(terminal.strong($0))" } ?? ""
        let head = "\(terminal.good("Can be restored"))\(place): \(terminal.strong(folder))"
        return ([head] + table.lines()).joined(separator: "\n")
    }
}
