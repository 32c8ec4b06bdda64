internal import Archive
internal import Console
internal import Glibc
internal import IPv8
internal import Platform
internal import SystemPackage

/// Makes a backup of an archive that may be in use.
///
/// Everything is written into a folder whose name ends with `.unfinished`, the manifest last; that folder gets its real
/// name when all of it is on the disk. So a folder that looks like a backup is one.
struct BackupWriter {
    private let archive: Archive
    private let dataFolder: DataFolder
    private let now: Instant
    private let withIdentity: Bool
    private let isStopped: @Sendable () -> Bool

    /// What the name of a folder ends with for as long as its backup is being written.
    static let unfinishedSuffix = ".unfinished"

    /// - Parameters:
    ///   - withIdentity: whether the private key is copied too.
    ///   - isStopped: asked now and then whether to give up; what was written so far is then removed.
    init(
        archive: Archive, dataFolder: DataFolder, at now: Instant, withIdentity: Bool = true,
        unless isStopped: @escaping @Sendable () -> Bool = { false }
    ) {
        self.archive = archive
        self.dataFolder = dataFolder
        self.now = now
        self.withIdentity = withIdentity
        self.isStopped = isStopped
    }

    /// Writes the backup and returns when it is on the disk.
    func write(to path: String) throws(BackupError) -> BackupReport {
        let begun = ContinuousClock.now
        let folder = FolderPath(path)
        guard !folder.name.hasSuffix(BackupWriter.unfinishedSuffix) else { throw .reservedName(path: path) }
        let work = try claim(folder)
        let unfinished = work.path
        let claimed = FileIdentity(path: unfinished.text)
        do throws(BackupError) {
            let (manifest, missing) = try fill(unfinished)
            try finish(unfinished, claimed, as: folder)
            // Until here nobody else may take the folder for one that a killed run left.
            withExtendedLifetime(work) {}
            return BackupReport(
                folder: folder.text, created: manifest.created, archiveID: manifest.archiveID,
                journalLast: manifest.journalLast, journalAt: manifest.journalAt, values: manifest.values,
                bytes: manifest.byteCount, indexIsMissingBecause: missing, duration: ContinuousClock.now - begun,
                hasIdentity: withIdentity)
        } catch {
            // What has taken its place is somebody else's.
            guard FileIdentity(path: unfinished.text) == claimed else { throw .vanished(path: unfinished.text) }
            unfinished.removeWithFiles()
            throw error
        }
    }

    private func finish(
        _ unfinished: FolderPath, _ claimed: FileIdentity?, as folder: FolderPath
    ) throws(BackupError) {
        guard FileIdentity(path: unfinished.text) == claimed else { throw .vanished(path: unfinished.text) }
        do {
            try unfinished.rename(to: folder)
        } catch {
            throw .notWritten(path: folder.text, reason: error.reason)
        }
    }

    /// Takes the folder that the backup is written into, once nothing is in the way.
    private func claim(_ folder: FolderPath) throws(BackupError) -> WorkFolder {
        if let kept = KeptFolder(around: folder.parent.text) {
            throw .insideKeptFolder(path: folder.text, kept: kept.path)
        }
        try requireFree(folder)
        let unfinished = folder.sibling(BackupWriter.unfinishedSuffix)
        do {
            let work = try WorkFolder(unfinished)
            try work.clear { name in BackupWriter.names.contains { DataFolder.isName(name, of: $0) } }
            // Another run may have finished since the first look.
            do throws(BackupError) {
                try requireFree(folder)
            } catch {
                unfinished.removeWithFiles()
                throw error
            }
            return work
        } catch let error as BackupError {
            throw error
        } catch let refusal as WorkFolder.Refusal {
            switch refusal {
            case .inUse: throw .unfinished(path: unfinished.text)
            case .notOurs(let reason): throw .inTheWay(path: unfinished.text, reason: reason)
            case .failed(let error): throw .notWritten(path: folder.text, reason: error.reason)
            }
        } catch {
            throw .notWritten(path: folder.text, reason: "\(error)")
        }
    }

    /// The files that a backup makes.
    private static let names = BackupManifest.fileNames + [BackupManifest.name, BackupManifest.digestName]

    private func requireFree(_ folder: FolderPath) throws(BackupError) {
        let isThere: Bool
        do {
            isThere = try folder.exists()
        } catch {
            throw .notWritten(path: folder.text, reason: error.reason)
        }
        if isThere { throw .alreadyThere(path: folder.text) }
    }

    /// Writes all files, the manifest last.
    private func fill(_ folder: FolderPath) throws(BackupError) -> (BackupManifest, String?) {
        var names = try copySmallFiles(to: folder)
        let copy: ArchiveCopy
        let reader: ArchiveReader
        let journal: JournalSummary
        let values: Int
        do throws(ArchiveError) {
            copy = try archive.copy(into: folder.text, unless: isStopped)
            // What the copy says, and not what the archive says now: that may be later.
            reader = try ArchiveReader.open(folder: folder.text, isLocked: true)
            journal = try reader.journal()
            values = try reader.summary(at: now).values?.all ?? 0
        } catch {
            throw .archive(error.description)
        }
        names += copy.files
        let manifest = BackupManifest(
            format: withIdentity ? BackupManifest.formatWithIdentity : BackupManifest.format,
            created: now, archiveID: Hex.encode(reader.archiveID), dataFolderFormat: DataFolder.format,
            journalLast: journal.last, journalChecksum: Hex.encode(journal.checksum.bigEndianBytes),
            journalAt: journal.at, values: values, files: try digests(of: names.sorted(), in: folder))
        let text = manifestText(manifest)
        try create(BackupManifest.digestName, in: folder, BackupManifest.digestText(of: text))
        try create(BackupManifest.name, in: folder, text)
        return (manifest, copy.indexIsMissingBecause)
    }

    /// The identity that the archive's node has, whatever has become of its file meanwhile, and the configuration, where
    /// the folder has one.
    private func copySmallFiles(to folder: FolderPath) throws(BackupError) -> [String] {
        if withIdentity { try create(IdentityFile.name, in: folder, dataFolder.identity.bytes) }
        let identity = withIdentity ? [IdentityFile.name] : []
        let configuration: [UInt8]?
        do {
            configuration = try dataFolder.configurationFile()
        } catch {
            throw .notRead(path: "\(dataFolder.path)/\(DefaultFile.name)", reason: error.reason)
        }
        guard let configuration else { return identity }
        try create(DefaultFile.name, in: folder, configuration)
        return identity + [DefaultFile.name]
    }

    private func create(_ name: String, in folder: FolderPath, _ bytes: [UInt8]) throws(BackupError) {
        do {
            try OpenFolder(folder.text).create(name, bytes)
        } catch {
            throw .notWritten(path: "\(folder.text)/\(name)", reason: error.reason)
        }
    }

    /// Reads back what was written.
    private func digests(of names: [String], in folder: FolderPath) throws(BackupError) -> [BackupManifest.File] {
        var files: [BackupManifest.File] = []
        for name in names {
            do {
                let file = try OpenFile("\(folder.text)/\(name)", flags: O_RDONLY)
                let digest = try FileDigest(of: file) { (_) throws(Errno) in
                    if isStopped() { throw Errno.canceled }
                }
                files.append(BackupManifest.File(name: name, bytes: digest.bytes, sha256: digest.sha256))
            } catch {
                throw .notRead(path: "\(folder.text)/\(name)", reason: error.reason)
            }
        }
        return files
    }

    private func manifestText(_ manifest: BackupManifest) -> [UInt8] {
        guard let bytes = try? JSONText.bytes(manifest) else {
            preconditionFailure("a manifest has no form in JSON: \(manifest)")
        }
        return bytes + [UInt8(ascii: "\n")]
    }
}

extension UInt64 {
    /// The eight bytes, most significant first.
    var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
