internal import Archive

/// Why a backup was not made or not restored. Each case's description is one sentence.
package enum BackupError: Error, Sendable, Equatable {
    /// The place for the backup is taken.
    case alreadyThere(path: String)
    /// A backup or a restore must not end up within a data folder or a backup.
    case insideKeptFolder(path: String, kept: String)
    /// A folder for the work has the name that is needed, and is not this program's to clear away.
    case inTheWay(path: String, reason: String)
    /// The name is one of those that incomplete backups have.
    case reservedName(path: String)
    /// A backup to the same place is being written.
    case unfinished(path: String)
    /// A restore to the same place is under way.
    case unfinishedRestore(path: String)
    /// The folder that a backup was being written to is gone, or another one.
    case vanished(path: String)
    /// Something could not be written.
    case notWritten(path: String, reason: String)
    /// Something could not be read.
    case notRead(path: String, reason: String)
    /// The data folder cannot be used, or a node is running in it.
    case dataFolder(String)
    /// The archive could not be copied, or the copy does not open.
    case archive(String)
    /// The node that was writing the backup was stopped.
    case nodeStopped
    /// There is no node's data in the folder.
    case noData(folder: String)
    /// The node's archive is gone from its folder.
    case noArchive(folder: String)
    /// The folder is not a backup.
    case notABackup(path: String)
    /// A newer version has written the backup.
    case newerFormat(path: String, format: Int)
    /// The manifest cannot be read.
    case damagedManifest(path: String)
    /// A file that the manifest lists is not there.
    case missingFile(path: String)
    /// A file is not what was backed up.
    case damagedFile(path: String, detail: String)
    /// The backup was made without the private key, and no key file was named to restore it with.
    case noIdentity(path: String)
    /// A key file was named, but the backup contains its own private key.
    case identityNotWanted(path: String)
    /// A backup or old data could not be deleted.
    case notDeleted(path: String, reason: String)
    /// The data folder holds something else than a node's data.
    case foreignFolder(path: String, example: String)
    /// The data folder is where a disk is mounted, so it cannot be moved aside.
    case mountPoint(path: String)
    /// The old data folder has been moved, and the new one could not take its place.
    case halfway(dataFolder: String, movedAside: String, restored: String, reason: String)
}

extension BackupError {
    /// What is wrong with a file of a backup; `nil` if the failure is not the file's.
    var faultOfFile: String? {
        switch self {
        case .missingFile: "it is missing"
        case .damagedFile(_, let detail): detail
        case .notRead(_, let reason): "it cannot be read: \(reason)"
        default: nil
        }
    }
}

extension BackupError: CustomStringConvertible {
    /// One sentence for whoever typed the command.
    package var description: String {
        switch self {
        case .alreadyThere(let path):
            "\(path) exists; a backup goes into a new folder, so choose another name."
        case .insideKeptFolder(let path, let kept):
            "\(path) lies in \(kept), a data folder or a backup, which is not changed for that; choose another place."
        case .inTheWay(let path, let reason):
            "\(path) is in the way (\(reason)); move it away, or choose another place."
        case .reservedName(let path):
            "\(path) ends with \(BackupWriter.unfinishedSuffix), as incomplete backups do; choose another name."
        case .unfinished(let path):
            "Another backup is being written to \(path); wait for it, or choose another name."
        case .unfinishedRestore(let path):
            "Another restore is under way in \(path); wait for it."
        case .vanished(let path):
            "\(path) was removed or replaced while the backup was being written to it; repeat the backup."
        case .notWritten(let path, let reason):
            "\(path) cannot be written (\(reason)); make room or choose another place."
        case .notRead(let path, let reason):
            "\(path) cannot be read (\(reason)); check that it exists and who owns it."
        case .dataFolder(let sentence), .archive(let sentence): sentence
        case .nodeStopped: NodeError.notRunning.message
        case .noData(let folder):
            "There is no node's data in \(folder); name the data folder of a node."
        case .noArchive(let folder):
            "The archive of \(folder) is gone (archive.mdb is missing or empty), so there is nothing to back up; restore an "
                + "earlier backup with \"bristlecone restore\"."
        case .notABackup(let path):
            "\(path) is not a backup: it has no \(BackupManifest.name); name a folder that "
                + "\"bristlecone backup\" has written."
        case .newerFormat(let path, let format):
            "The backup \(path) was written by a newer version of Bristlecone (format \(format), this version knows "
                + "\(BackupManifest.format)); restore it with that version or a later one."
        case .damagedManifest(let path):
            "\(path) is damaged, so the backup cannot be checked; use another one."
        case .missingFile(let path):
            "\(path) is missing, although the manifest lists it; use another backup."
        case .damagedFile(let path, let detail):
            "\(path) is not what was backed up (\(detail)); use another backup."
        case .noIdentity(let path):
            "The backup \(path) was made without the private key, and the data folder has none; name the file with the key of its "
                + "node with --identity."
        case .identityNotWanted(let path):
            "The backup \(path) has the private key of its node; remove --identity."
        case .notDeleted(let path, let reason):
            "\(path) cannot be deleted (\(reason)); look at it and delete it by hand."
        case .foreignFolder(let path, let example):
            "\(path) is not a node's data folder and holds other files (\(example)); name another folder."
        case .mountPoint(let path):
            "\(path) is where a disk is mounted, so nothing can take its place; restore into a folder on it, such as "
                + "\(shellWord(path + "/node")), and run the node with that."
        case .halfway(let dataFolder, let movedAside, let restored, let reason):
            "The old data is in \(movedAside) and the restored data in \(restored), which could not be renamed to "
                + "\(dataFolder) (\(reason)); rename it by hand."
        }
    }
}
