internal import Archive
internal import IPv8
internal import Maintenance
internal import Platform
internal import SystemPackage

/// A backup that could be restored.
package struct BackupCheckReport: Sendable, Equatable, Encodable {
    package var folder: String
    /// When the backup was made.
    package var created: Instant
    /// The archive: 32 hexadecimal digits.
    package var archiveID: String
    /// The number of the last change in the backup; 0 if nothing was ever changed.
    package var journalLast: UInt64
    /// When that change was made.
    package var journalAt: Instant?
    package var values: Int
    /// Bytes of its files.
    package var bytes: Int
    /// Whether it has the private key.
    package var hasIdentity: Bool
    /// Why its index cannot be used; a restore makes a new one. `nil` if it can.
    package var indexIsMissingBecause: String?
    /// The data folder that it could be restored to; `nil` if that was not asked.
    package var dataFolder: String?

    private enum CodingKeys: String, CodingKey {
        case folder, created, journalLast, journalAt, values, bytes, hasIdentity, dataFolder
        case archiveID = "archiveId"
        case indexIsMissingBecause = "indexMissing"
    }
}

extension Backup {
    /// Finds everything for which a restore would refuse a backup, and changes nothing.
    package static func check(_ backup: String) throws(BackupError) -> BackupCheckReport {
        let reader = try BackupReader(backup)
        let indexFault = try reader.checkFiles()
        try reader.checkIdentity()
        try reader.checkArchive()
        let manifest = reader.manifest
        return BackupCheckReport(
            folder: reader.folder.text, created: manifest.created, archiveID: manifest.archiveID,
            journalLast: manifest.journalLast, journalAt: manifest.journalAt, values: manifest.values,
            bytes: manifest.byteCount, hasIdentity: manifest.hasIdentity,
            indexIsMissingBecause: indexFault ?? (manifest.has("index.sqlite") ? nil : "it was not copied"))
    }

    /// The same, and everything for which the restore to a data folder would be refused.
    package static func check(
        _ backup: String, restoringTo dataFolder: String, identity: String? = nil
    ) throws(BackupError) -> BackupCheckReport {
        let restoring = Restoring(
            try BackupReader(backup), to: dataFolder, identity: identity, at: ClockReading.now().wall)
        try restoring.checkPlace()
        var report = try check(backup)
        report.dataFolder = dataFolder
        return report
    }
}

extension BackupReader {
    /// Whether the private key is one.
    fileprivate func checkIdentity() throws(BackupError) {
        guard manifest.hasIdentity else { return }
        let path = "\(folder.text)/\(IdentityFile.name)"
        let bytes: [UInt8]
        do {
            bytes = try OpenFolder(folder.text).contents(of: IdentityFile.name, bytesMax: 1024) ?? []
        } catch {
            throw .notRead(path: path, reason: error.reason)
        }
        guard (try? PrivateKey(bytes: bytes)) != nil else {
            throw .damagedFile(path: path, detail: "\(KeyFileForm(bytes))")
        }
    }

    /// Whether the archive opens, where it is, and holds what the manifest says.
    fileprivate func checkArchive() throws(BackupError) {
        let path = "\(folder.text)/archive.mdb"
        let isSame: Bool
        do throws(ArchiveError) {
            // First, because reading damaged pages through LMDB can end the process.
            _ = try Archive.checkStructure(folder: folder.text)
            isSame = try ArchiveReader.open(folder: folder.text).holds(manifest)
        } catch {
            throw error.ofBackup(path)
        }
        guard isSame else { throw .damagedFile(path: path, detail: "it holds other changes than the manifest says") }
    }
}
