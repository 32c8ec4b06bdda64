internal import Archive
internal import Glibc
internal import IPv8
internal import Platform
internal import SystemPackage

/// Puts a backup in the place of a data folder.
///
/// Everything is copied into a folder beside it and checked there: every file against the manifest, the key, and that
/// the archive opens and holds what the manifest says. Only then do the two change names, and the old one gets one that
/// tells when.
struct Restoring {
    private let backup: BackupReader
    private let dataFolder: FolderPath
    private let identity: String?
    private let now: Instant

    /// What the name of a folder ends with for as long as a backup is being restored into it.
    static let unfinishedSuffix = ".restoring"
    /// The file that such a folder holds until it is complete: a folder without it may be the data of before.
    private static let markName = "restore.unfinished"

    /// - Parameter identity: the file with the private key, for a backup without one.
    init(_ backup: BackupReader, to dataFolder: String, identity: String? = nil, at now: Instant) {
        self.backup = backup
        self.identity = identity
        self.dataFolder = FolderPath(dataFolder).resolved
        self.now = now
    }

    func run() throws(BackupError) -> RestoreReport {
        let begun = ContinuousClock.now
        let old = try placeForData()
        let key = try missingKey(old)
        let journalBefore = old.journalLast(ifArchive: backup.manifest.archiveID)
        let work = try makeWorkFolder()
        let restored = work.path
        let movedAside: FolderPath?
        let indexFault: String?
        do throws(BackupError) {
            indexFault = try backup.copyFiles(to: restored)
            if let key { try write(key, to: restored) }
            try check(restored)
            try complete(restored)
            try old.giveOwner(to: restored)
            movedAside = try old.giveWay(to: restored, at: now)
            // Until here nobody else may take the folder for one that a killed run left.
            withExtendedLifetime(work) {}
        } catch {
            if case .halfway = error { throw error }
            restored.removeWithFiles()
            throw error
        }
        let manifest = backup.manifest
        return RestoreReport(
            dataFolder: dataFolder.text, movedAside: movedAside?.text, created: manifest.created,
            archiveID: manifest.archiveID, journalLast: manifest.journalLast, journalAt: manifest.journalAt,
            journalLastBefore: journalBefore, values: manifest.values,
            indexIsMissingBecause: indexFault, duration: ContinuousClock.now - begun)
    }

    /// Throws everything for which a restore to this data folder would be refused, and changes nothing.
    func checkPlace() throws(BackupError) {
        let old = try placeForData()
        _ = try missingKey(old)
        let free = DiskRoom.freeBytes(folder: dataFolder.parent.text)
        guard free >= backup.manifest.byteCount || !FileStatus.exists(dataFolder.parent.text) else {
            throw .notWritten(
                path: dataFolder.text,
                reason: "the backup has \(backup.manifest.byteCount) bytes, and the disk has room for \(free)")
        }
    }

    /// The data folder, locked, if a backup can take its place.
    private func placeForData() throws(BackupError) -> OldDataFolder {
        if let kept = KeptFolder(around: dataFolder.parent.text) {
            throw .insideKeptFolder(path: dataFolder.text, kept: kept.path)
        }
        return try OldDataFolder(dataFolder)
    }

    /// The private key that a backup lacks: that of the file that was named, or of the data folder. `nil` if it has its own.
    private func missingKey(_ old: borrowing OldDataFolder) throws(BackupError) -> PrivateKey? {
        guard !backup.manifest.hasIdentity else {
            if identity != nil { throw .identityNotWanted(path: backup.folder.text) }
            return nil
        }
        guard let identity else {
            guard let key = try old.identity() else { throw .noIdentity(path: backup.folder.text) }
            return key
        }
        let bytes: [UInt8]
        do {
            bytes = try OpenFile(identity, flags: O_RDONLY).read(bytesMax: 1024)
        } catch {
            throw .notRead(path: identity, reason: error.reason)
        }
        guard let key = try? PrivateKey(bytes: bytes) else {
            throw .notRead(path: identity, reason: "it is not a private key: \(KeyFileForm(bytes))")
        }
        return key
    }

    private func write(_ key: PrivateKey, to folder: FolderPath) throws(BackupError) {
        do {
            try OpenFolder(folder.text).create(IdentityFile.name, key.bytes)
        } catch {
            throw .notWritten(path: "\(folder.text)/\(IdentityFile.name)", reason: error.reason)
        }
    }

    /// Takes the folder into which the backup is restored, with nothing in it but the mark of a restore under way.
    private func makeWorkFolder() throws(BackupError) -> WorkFolder {
        let folder = dataFolder.sibling(Restoring.unfinishedSuffix)
        do {
            var created = CreatedFiles()
            try created.makeFolder(folder.parent.text)
            while true {
                let work = try WorkFolder(folder)
                let names = try work.names()
                guard names.isEmpty || names.contains(Restoring.markName) else {
                    // A restore that was killed right after the folders changed names left the data of before here.
                    if let other = names.first(where: { !OldDataFolder.isOurs($0) }) {
                        throw WorkFolder.Refusal.notOurs("it holds \(quoted(other))")
                    }
                    try folder.rename(to: OldDataFolder.nameAside(dataFolder, at: now))
                    continue
                }
                try work.clear { $0 == Restoring.markName || OldDataFolder.isOurs($0) }
                try OpenFolder(folder.text).create(Restoring.markName, [])
                return work
            }
        } catch let error as DataFolderError {
            throw .dataFolder(error.description)
        } catch let refusal as WorkFolder.Refusal {
            switch refusal {
            case .inUse: throw .unfinishedRestore(path: folder.text)
            case .notOurs(let reason): throw .inTheWay(path: folder.text, reason: reason)
            case .failed(let error): throw .notWritten(path: folder.text, reason: error.reason)
            }
        } catch let error as Errno {
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
            let reader = try ArchiveReader.open(folder: folder.text, isLocked: true)
            guard try reader.holds(manifest) else {
                throw BackupError.damagedFile(path: path, detail: "it holds other changes than the manifest says")
            }
        } catch let error as BackupError {
            throw error
        } catch let error as ArchiveError {
            throw error.ofBackup(path)
        } catch let error as DataFolderError {
            throw .damagedFile(path: "\(backup.folder.text)/\(IdentityFile.name)", detail: "\(error)")
        } catch {
            throw .damagedFile(path: path, detail: "it does not open: \(error)")
        }
        do throws(ArchiveError) {
            let options = ArchiveOptions(fittingIndexIn: folder.text)
            let archive = try Archive.open(folder: folder.text, options: options, now: now)
            defer { archive.close() }
            try? archive.note(
                .restored,
                "The data folder was restored from the backup of \(manifest.created.iso8601(fractionDigits: 0)) by \(FileStatus.userName(geteuid())).",
                at: now)
        } catch {
            throw .damagedFile(path: path, detail: "it does not open: \(error)")
        }
    }

    /// Makes a data folder of it: with a lock too, so that whoever looks into it keeps nodes out.
    private func complete(_ folder: FolderPath) throws(BackupError) {
        do {
            try OpenFolder(folder.text).create(FolderLock.name, [])
            try OpenFolder(folder.text).create(
                DataFolder.formatName, Array("\(backup.manifest.dataFolderFormat)\n".utf8))
            try OpenFolder(folder.text).remove(Restoring.markName)
            try folder.synchronize()
        } catch {
            throw .notWritten(path: folder.text, reason: error.reason)
        }
    }
}

extension ArchiveReader {
    /// Whether this is the archive that a manifest tells of, as it was then.
    func holds(_ manifest: BackupManifest) throws(ArchiveError) -> Bool {
        let journal = try journal()
        return Hex.encode(archiveID) == manifest.archiveID && journal.last == manifest.journalLast
            && Hex.encode(journal.checksum.bigEndianBytes) == manifest.journalChecksum
    }
}

extension ArchiveError {
    /// What the failure to open the archive of a backup means for the backup.
    func ofBackup(_ path: String) -> BackupError {
        switch self {
        case .newerFormat, .newerSchema: .archive(description)
        default: .damagedFile(path: path, detail: "it does not open: \(self)")
        }
    }
}
