internal import ArgumentParser
internal import Bristlecone
internal import FoundationEssentials
internal import Glibc

/// `bristlecone backup FOLDER`
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy everything that a node keeps into a new folder, while it runs or not.",
        discussion: """
            The backup holds the archive, its index, bristlecone.yaml and the node's private key: whoever can read it \
            can be this node, so keep it as safe as the data folder. A running node goes on meanwhile, and everything \
            that it had acknowledged when the backup began is in it. The folder appears when the backup is complete; \
            until then its name ends with \(Backup.unfinishedSuffix). A node that is stopped meanwhile \
            gives it up, and removes what there is of it. It is the running node that writes it: the folder is to be one \
            that the node's user can write to, and Ctrl-C here does not end the backup.

            For example:

              bristlecone backup /backups/bristlecone-2026-02-03
              bristlecone restore /backups/bristlecone-2026-02-03 --data ./restored
            """)

    @Argument(help: ArgumentHelp("The new folder for the backup; the one that it lies in exists.", valueName: "folder"))
    var folder: String

    @OptionGroup var client: ClientOptions

    /// The largest archives take hours.
    private static let timeout: Duration = .seconds(24 * 3600)

    mutating func validate() throws {
        if folder.isEmpty { throw ValidationError("The folder's name is empty.") }
    }

    mutating func run() async throws {
        let path = folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
        let dataFolder = client.folder
        let progress = CopyProgress(
            of: CopyProgress.withoutSlashes(path) + Backup.unfinishedSuffix,
            bytesExpected: CopyProgress.bytesOnDisk(of: ["archive.mdb", "index.sqlite"], in: dataFolder))
        defer { progress.end() }
        let report = try backUp(dataFolder, to: path)
        progress.end()
        guard access(path, F_OK) == 0 || errno != ENOENT else {
            throw CommandFailure(
                message: "The node wrote the backup to \(path), where only the node sees it: so it is with /tmp for a "
                    + "service that has one of its own, which goes when it stops. Repeat it with a folder that both see."
            )
        }
        try client.show(report) { report.text(on: $0, backup: folder, dataFolder: dataFolder) }
    }

    /// Has the running node do it; where none runs, does it here.
    private func backUp(_ dataFolder: String, to path: String) throws -> BackupReport {
        do {
            guard case .backup(let report) = try client.ask(.backup(folder: path), timeout: BackupCommand.timeout)
            else { throw ClientOptions.mixedUp }
            return report
        } catch ControlError.notRunning {
            return try Backup.ofStoppedNode(dataFolder: dataFolder, to: path)
        }
    }
}
