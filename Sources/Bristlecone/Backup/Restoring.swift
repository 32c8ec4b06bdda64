internal import Archive
internal import Glibc
internal import IPv8

/// Puts a backup in the place of a data folder.
///
/// Everything is copied into a folder beside it and checked there: every file against the manifest, the key, and that
/// the archive opens and holds what the manifest says. Only then do the two change names, and the old one gets one that
/// tells when.
struct Restoring {
    private let backup: BackupReader
    private let dataFolder: FolderPath
    private let now: Instant

    /// What the name of a folder ends with for as long as a backup is being restored into it.
    static let unfinishedSuffix = ".restoring"

    init(_ backup: BackupReader, to dataFolder: String, at now: Instant) {
        self.backup = backup
        self.dataFolder = FolderPath(dataFolder).resolved
        self.now = now
    }

    func run() throws(BackupError) -> RestoreReport {
        let begun = ContinuousClock.now
        let old = try OldDataFolder(dataFolder)
        let journalBefore = old.journalLast(ifArchive: backup.manifest.archiveID)
        let restored = dataFolder.sibling(Restoring.unfinishedSuffix)
        try make(restored)
        let movedAside: FolderPath?
        do throws(BackupError) {
            try backup.copyFiles(to: restored)
            try check(restored)
            try complete(restored)
            movedAside = try old.giveWay(to: restored, at: now)
        } catch {
            if case .halfway = error { throw error }
            restored.removeWithFiles()
            throw error
        }
        let manifest = backup.manifest
        return RestoreReport(
            dataFolder: dataFolder.text, movedAside: movedAside?.text, created: manifest.created,
            archiveID: manifest.archiveID, journalLast: manifest.journalLast, journalAt: manifest.journalAt,
            journalLastBefore: journalBefore, values: manifest.values, duration: ContinuousClock.now - begun)
    }

    private func make(_ folder: FolderPath) throws(BackupError) {
        do {
            var created = CreatedFiles()
            try created.makeFolder(folder.parent.text)
            try folder.create()
        } catch let error as DataFolderError {
            throw .dataFolder(error.description)
        } catch let error as SystemError {
            if error.code == EEXIST { throw .unfinishedRestore(path: folder.text) }
            throw .notWritten(path: folder.text, reason: error.reason)
        } catch {
            throw .notWritten(path: folder.text, reason: "\(error)")
        }
    }

    /// Opens what was copied as a node would, and sees whether it is what the manifest says.
    private func check(_ folder: FolderPath) throws(BackupError) {
        let manifest = backup.manifest
        let path = "\(backup.folder.text)/archive.mdb"
        do {
            guard try IdentityFile.load(in: OpenFolder(folder.text), folder.text) != nil else {
                throw BackupError.missingFile(path: "\(backup.folder.text)/\(IdentityFile.name)")
            }
            let reader = try ArchiveReader.open(folder: folder.text)
            let journal = try reader.journal()
            guard Hex.encode(reader.archiveID) == manifest.archiveID, journal.last == manifest.journalLast,
                Hex.encode(journal.checksum.bigEndianBytes) == manifest.journalChecksum
            else { throw BackupError.damagedFile(path: path, detail: "it holds other changes than the manifest says") }
        } catch let error as BackupError {
            throw error
        } catch let error as DataFolderError {
            throw .damagedFile(path: "\(backup.folder.text)/\(IdentityFile.name)", detail: "\(error)")
        } catch {
            throw .damagedFile(path: path, detail: "it does not open: \(error)")
        }
        do throws(ArchiveError) {
            let options = ArchiveOptions(fittingIndexIn: folder.text)
            try Archive.open(folder: folder.text, options: options, now: now).close()
        } catch {
            throw .damagedFile(path: path, detail: "it does not open: \(error)")
        }
    }

    /// Makes a data folder of it: with a lock too, so that whoever looks into it keeps nodes out.
    private func complete(_ folder: FolderPath) throws(BackupError) {
        do {
            try OpenFolder(folder.text).create(FolderLock.name, [], permissions: 0o600)
            try OpenFolder(folder.text).create(
                DataFolder.formatName, Array("\(backup.manifest.dataFolderFormat)\n".utf8), permissions: 0o600)
        } catch {
            throw .notWritten(path: folder.text, reason: error.reason)
        }
    }
}
