internal import Archive
internal import Glibc
internal import Maintenance
internal import Platform
internal import SystemPackage

/// Backups of data folders in which no node is running, and their way back. A running node makes its own:
/// ``BristleconeNode/backUp(to:)``.
package enum Backup {
    /// What the name of a folder ends with for as long as its backup is being written.
    package static let unfinishedSuffix = BackupWriter.unfinishedSuffix

    /// The folder into which a backup is restored before it becomes the data folder.
    package static func restoringFolder(of dataFolder: String) -> String {
        FolderPath(dataFolder).resolved.sibling(Restoring.unfinishedSuffix).text
    }

    /// Backs up the node in a data folder, and keeps it from running meanwhile.
    ///
    /// - Parameter folder: a new folder; it holds the private key.
    package static func ofStoppedNode(
        dataFolder: String, to folder: String, withIdentity: Bool = true
    ) throws(BackupError) -> BackupReport {
        guard DataFolder.isUsed(dataFolder) else { throw .noData(folder: dataFolder) }
        guard Archive.isThere(in: dataFolder) else { throw .noArchive(folder: dataFolder) }
        let opened: DataFolder
        do throws(DataFolderError) {
            opened = try DataFolder.open(dataFolder)
        } catch {
            throw .dataFolder(error.description)
        }
        defer { opened.close() }
        let now = ClockReading.now().wall
        let archive: Archive
        do throws(ArchiveError) {
            archive = try Archive.open(
                folder: dataFolder, options: ArchiveOptions(fittingIndexIn: dataFolder), now: now)
        } catch {
            throw .archive(error.description)
        }
        defer { archive.close() }
        return try BackupWriter(archive: archive, dataFolder: opened, at: now, withIdentity: withIdentity).write(
            to: folder)
    }

    /// How many bytes a backup's files have, as its manifest says.
    package static func byteCount(of backup: String) throws(BackupError) -> Int {
        try BackupReader(backup).manifest.byteCount
    }

    /// How many bytes there are by now in a folder that is being copied to; 0 before it exists.
    package static func bytesCopied(to folder: String) -> Int {
        let names = (try? OpenFolder(folder).names()) ?? []
        return names.reduce(0) { $0 + ((try? FileStatus.of("\(folder)/\($1)")).map { Int($0.st_size) } ?? 0) }
    }

    /// Puts a backup in the place of a data folder, in which no node may be running. What is there is moved aside.
    ///
    /// Nothing is replaced before every file has been found to be what was backed up, and the archive to open.
    ///
    /// - Parameter identity: the file with the private key, for a backup without one; by default the one in the data folder.
    package static func restore(
        _ backup: String, to dataFolder: String, identity: String? = nil
    ) throws(BackupError) -> RestoreReport {
        try Restoring(BackupReader(backup), to: dataFolder, identity: identity, at: ClockReading.now().wall).run()
    }
}
