internal import IPv8

/// What a backup consists of: the file `manifest.json`, which is written when everything else is on the disk.
///
/// Beside it, `manifest.sha256` holds its checksum, so that a manifest that was altered is not believed.
struct BackupManifest: Equatable {
    /// The format of the backup.
    var format = BackupManifest.format
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

    /// A file of the backup.
    struct File: Equatable, Codable {
        var name: String
        var bytes: Int
        /// 64 hexadecimal digits.
        var sha256: String
    }

    /// The format that this version writes, and the newest that it reads.
    static let format = 1
    /// The file's name.
    static let name = "manifest.json"
    /// The file with the manifest's own SHA-256, as `sha256sum` writes and checks it.
    static let digestName = "manifest.sha256"
    /// No manifest is longer: it lists four files.
    static let bytesMax = 64 << 10
    /// Files that a backup may consist of. Nothing else is taken out of one, whatever its manifest says.
    static let fileNames = ["archive.mdb", DefaultFile.name, IdentityFile.name, "index.sqlite"].sorted()
    /// Without these there is nothing to restore.
    static let requiredNames = ["archive.mdb", IdentityFile.name]

    /// Bytes of all files.
    var byteCount: Int { files.reduce(0) { $0 + $1.bytes } }
}

extension BackupManifest: Codable {
    private enum CodingKeys: String, CodingKey {
        case format, created, values, files
        case programVersion = "program_version"
        case archiveID = "archive_id"
        case dataFolderFormat = "data_folder_format"
        case journalLast = "journal_last"
        case journalChecksum = "journal_checksum"
        case journalAt = "journal_at"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        format = try container.decode(Int.self, forKey: .format)
        programVersion = try container.decode(String.self, forKey: .programVersion)
        created = try container.decode(text: Instant.self, forKey: .created)
        archiveID = try container.decode(String.self, forKey: .archiveID)
        dataFolderFormat = try container.decode(Int.self, forKey: .dataFolderFormat)
        journalLast = try container.decode(UInt64.self, forKey: .journalLast)
        journalChecksum = try container.decode(String.self, forKey: .journalChecksum)
        journalAt = try container.decodeIfPresent(text: Instant.self, forKey: .journalAt)
        values = try container.decode(Int.self, forKey: .values)
        files = try container.decode([File].self, forKey: .files)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(format, forKey: .format)
        try container.encode(programVersion, forKey: .programVersion)
        try container.encode(text: created, forKey: .created)
        try container.encode(archiveID, forKey: .archiveID)
        try container.encode(dataFolderFormat, forKey: .dataFolderFormat)
        try container.encode(journalLast, forKey: .journalLast)
        try container.encode(journalChecksum, forKey: .journalChecksum)
        try container.encode(text: journalAt, forKey: .journalAt)
        try container.encode(values, forKey: .values)
        try container.encode(files, forKey: .files)
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
