internal import IPv8

/// What a backup consists of: the file `manifest.json`, which is written when everything else is on the disk.
///
/// Beside it, `manifest.sha256` holds its checksum, so that a manifest that was altered is not believed.
struct BackupManifest: Equatable, Codable {
    /// The format of the backup: 2 if it has no private key, which earlier versions cannot restore.
    var format: Int
    /// The version of the program that made it.
    var programVersion = Release.version
    /// When it was begun.
    var created: Instant
    /// The archive that was copied: 32 hexadecimal digits.
    var archiveID: String
    /// The format of the data folder that it was made from.
    var dataFolderFormat: Int
    /// The last change in the journal of the copy; 0 where there is none.
    var journalLast: UInt64
    /// That change's checksum, 16 hexadecimal digits: it stands for all changes up to it.
    var journalChecksum: String
    /// When that change was made.
    var journalAt: Instant?
    /// How many values the copy holds.
    var values: Int
    /// The files beside the manifest, in the order of their names.
    var files: [File]

    struct File: Equatable, Codable {
        var name: String
        var bytes: Int
        /// 64 hexadecimal digits.
        var sha256: String

        /// Whether a node can make it anew.
        var isDerivable: Bool { name == "index.sqlite" }
    }

    /// The newest format that this version writes and reads.
    static let format = 2
    /// The format of a backup with the private key.
    static let formatWithIdentity = 1
    /// The file's name.
    static let name = "manifest.json"
    /// The file with the manifest's own SHA-256, as `sha256sum` writes and checks it.
    static let digestName = "manifest.sha256"
    /// No manifest is longer: it lists four files.
    static let bytesMax = 64 << 10
    /// Files that a backup may consist of. Nothing else is taken out of one, whatever its manifest says.
    static let fileNames = ["archive.mdb", DefaultFile.name, IdentityFile.name, "index.sqlite"].sorted()
    /// Without these there is nothing to restore.
    var requiredNames: [String] {
        ["archive.mdb"] + (format == BackupManifest.formatWithIdentity ? [IdentityFile.name] : [])
    }
    /// Whether the backup has the private key.
    var hasIdentity: Bool { has(IdentityFile.name) }

    func has(_ name: String) -> Bool { files.contains { $0.name == name } }

    /// Bytes of all files.
    var byteCount: Int { files.reduce(0) { $0 + $1.bytes } }

    /// Whether the sizes are such that their sum can be computed.
    var hasPossibleSizes: Bool { files.allSatisfy { (0...Int.max / max(1, files.count)).contains($0.bytes) } }

    private enum CodingKeys: String, CodingKey {
        case format, programVersion, created, dataFolderFormat, journalLast, journalChecksum, journalAt, values, files
        case archiveID = "archiveId"
    }
}

/// The one thing that is read of a manifest whose format is not known.
struct BackupFormat: Decodable {
    var format: Int
}

extension BackupManifest {
    /// What the file with the checksum of a manifest's bytes holds.
    static func digestText(of manifest: [UInt8]) -> [UInt8] {
        var digest = SHA256()
        digest.update(manifest[...])
        return Array("\(Hex.encode(digest.finish()))  \(name)\n".utf8)
    }
}
