internal import Archive
internal import Glibc
package import IPv8
internal import Platform
internal import Synchronization
internal import SystemPackage

/// The folder that a node keeps everything in, opened and locked: no second process has it as long as this one does.
///
///     bristlecone.format   the number of the folder's format, written last: a folder that has it is complete
///     bristlecone.yaml     configuration
///     control.sock         where the running node is talked to
///     api.key              what programs show that write to it over TCP
///     identity.key         the private key in the reference's form
///     lock                 locked while a node runs; holds its process id
///
/// The archive has its files beside these. The folder is readable for its owner alone where it is created here.
///
/// An opening that fails leaves everything as it was. A start that fails later, for example because a port is taken,
/// calls ``abandon()`` to the same end.
package final class DataFolder: Sendable {
    /// The path as it was given.
    package let path: String
    /// The node's private key.
    package let identity: PrivateKey
    /// Whether this opening made a data folder of it.
    package let isNew: Bool
    /// What an operator should hear about, each a sentence.
    package let warnings: [String]

    private let folder: OpenFolder
    private let lock: Mutex<FolderLock?>
    private let created: CreatedFiles

    /// The format that this version reads and writes.
    package static let format = FolderFormat.current

    static let formatName = FolderFormat.name

    /// What may lie in a folder before a node has used it: what an operator puts there and an editor leaves, what a
    /// start that was killed leaves behind, and what file systems do.
    static func isHarmless(_ name: String) -> Bool {
        let own = [formatName, DefaultFile.name, IdentityFile.name, FolderLock.name] + namesOfAPI
        return own.contains { isName(name, of: $0) } || name == "lost+found"
    }

    /// What LMDB and SQLite put behind the name of a file.
    private static let namesOfDatabases: Set = ["-lock", "-wal", "-shm", "-journal"]

    /// Whether a name is that of a file, or of one that editors and programs make beside it while they write it: with
    /// something before or behind it that no word begins or ends with.
    static func isName(_ name: String, of file: String) -> Bool {
        let start = name.drop { ".#".contains($0) }
        guard start.hasPrefix(file) else { return false }
        let rest = start.dropFirst(file.count)
        return rest.first.map { ".~#".contains($0) } ?? true || namesOfDatabases.contains(String(rest))
    }

    /// What the API has in the folder: its socket and its key.
    package static let controlSocketName = "control.sock"
    package static let apiKeyName = "api.key"
    private static let namesOfAPI = [controlSocketName, apiKeyName]

    /// Whether a process has a data folder for itself.
    package static func isInUse(_ path: String) -> Bool { FolderLock.isHeld(path) }

    /// Files of an archive, which a folder may hold before a node has used it: the dump tool imports into a new one.
    static func isOfAnArchive(_ name: String) -> Bool {
        name.hasPrefix("archive.mdb") || name.hasPrefix("index.sqlite")
    }

    /// Whether a node has used a folder.
    static func isUsed(_ path: String) -> Bool {
        (try? OpenFolder(path).status(of: formatName)) ?? nil != nil
    }

    /// Opens a data folder, and makes one where there is none: the folder itself, the lock, a new identity unless a key
    /// file is there already, and the default configuration unless there is a file.
    package static func open(_ path: String) throws(DataFolderError) -> DataFolder {
        var created = CreatedFiles()
        do {
            return try DataFolder(path, &created)
        } catch {
            created.removeAll()
            throw error
        }
    }

    private init(_ path: String, _ created: inout CreatedFiles) throws(DataFolderError) {
        try created.makeFolder(path)
        let folder = try DataFolder.openFolder(path)
        var warnings = try DataFolder.checkSafety(of: folder, path)
        // Before anything is created, so that a newer version's folder stays as it is ...
        _ = try DataFolder.readFormat(in: folder, path)
        if let refusal = folder.refusalToWrite { throw .notWritable(path: path, reason: refusal.reason) }
        let lock = try FolderLock.take(in: folder, path, &created)
        // ... and again, now that nobody else can change it.
        let isNew = try DataFolder.readFormat(in: folder, path) == nil
        self.path = path
        self.isNew = isNew
        if isNew {
            identity = try IdentityFile.loadOrCreate(in: folder, path, &created)
            try DataFolder.complete(folder, path, &created)
        } else {
            guard let key = try IdentityFile.load(in: folder, path) else {
                throw .missingKey(path: "\(path)/\(IdentityFile.name)")
            }
            identity = key
        }
        warnings += try IdentityFile.warnings(in: folder, path)
        self.warnings = warnings
        self.folder = folder
        self.lock = Mutex(lock)
        self.created = created
    }

    /// Lets other processes have the folder.
    package func close() {
        lock.withLock { $0 = nil }
    }

    /// Undoes what opening did: files and folders that it created are removed; then others may have the path. To be
    /// called before anything else is written to the folder: once there is, everything stays.
    package func abandon() {
        lock.withLock { lock in
            guard lock != nil else { return }
            let names = (try? OpenFolder(path).names()) ?? []
            if names.allSatisfy(DataFolder.isHarmless) { created.removeAll() }
            lock = nil
        }
    }

    private static func checkSafety(
        of folder: borrowing OpenFolder, _ path: String
    ) throws(DataFolderError) -> [String] {
        do {
            return try FolderSafety.check(folder.descriptor, path)
        } catch {
            throw .unsafe(error.description)
        }
    }

    private static func openFolder(_ path: String) throws(DataFolderError) -> OpenFolder {
        do {
            return try OpenFolder(path)
        } catch {
            if error == .notDirectory { throw .notAFolder(path: path) }
            throw .notWritable(path: path, reason: error.reason)
        }
    }

    /// The folder's format; `nil` where no node has used it.
    private static func readFormat(in folder: borrowing OpenFolder, _ path: String) throws(DataFolderError) -> Int? {
        let bytes: [UInt8]?
        let names: [String]
        do {
            bytes = try folder.contents(of: formatName, bytesMax: 32)
            names = bytes == nil ? try folder.names() : []
        } catch {
            throw .notWritable(path: path, reason: error.reason)
        }
        guard let bytes else {
            if let foreign = names.first(where: { !isHarmless($0) && !isOfAnArchive($0) }) {
                throw .foreignFiles(path: path, example: foreign)
            }
            return nil
        }
        guard case .number(let format) = FolderFormat.parse(bytes) else {
            throw .unreadableFormat(path: "\(path)/\(formatName)")
        }
        guard format <= DataFolder.format else { throw .newerFormat(path: path, format: format) }
        return format
    }

    /// Writes what a new folder still lacks, the format last.
    private static func complete(
        _ folder: borrowing OpenFolder, _ path: String, _ created: inout CreatedFiles
    ) throws(DataFolderError) {
        do {
            if try folder.status(of: DefaultFile.name) == nil {
                try folder.create(DefaultFile.name, Array(DefaultFile.text.utf8))
                created.add("\(path)/\(DefaultFile.name)")
            }
            try folder.create(formatName, Array("\(DataFolder.format)\n".utf8))
            created.add("\(path)/\(formatName)")
        } catch {
            throw .notWritable(path: path, reason: error.reason)
        }
    }
}

// MARK: While a node runs

extension DataFolder {
    /// Creates and locks the file `lock` again where it is missing or another one; `nil` once the folder is closed.
    func mendLock() -> FolderLock.State? { lock.withLock { $0?.mend() } }

    /// The bytes of the configuration file; `nil` where there is none.
    func configurationFile() throws(Errno) -> [UInt8]? {
        try folder.contents(of: DefaultFile.name, bytesMax: DataFolder.configurationBytesMax)
    }

    private static let configurationBytesMax = 1 << 20

    /// Puts a key in the place of the folder's; returns where the old one is now, if there was another.
    func replaceIdentity(with key: PrivateKey) throws(DataFolderError) -> String? {
        try IdentityFile.replace(with: key, in: folder, path)
    }

    /// What is wrong with the file that holds the identity, which the node has read when it was started; `nil` where it
    /// is the same key.
    func identityProblem() -> String? {
        let file = "\(path)/\(IdentityFile.name)"
        let advice = "put the right one back, or take it from a backup that you make now"
        switch Result(catching: { () throws(DataFolderError) in try IdentityFile.load(in: folder, path) }) {
        case .success(nil):
            return "The identity \(file) is gone, and the node will not start again without it; \(advice)."
        case .success(let key?) where key.bytes != identity.bytes:
            return
                "The identity \(file) is another key than the one that the node uses, so the node will not start again; \(advice)."
        case .success: return nil
        // The file may be as it was. Once some connections have ended, it can be read again.
        case .failure(.tooManyFiles): return nil
        case .failure(let error): return error.description
        }
    }
}

extension FolderLock {
    /// Locks a folder until the result is released.
    static func take(
        in folder: borrowing OpenFolder, _ path: String, _ created: inout CreatedFiles
    ) throws(DataFolderError) -> FolderLock {
        do throws(Failure) {
            let lock = try FolderLock(of: path, in: folder.descriptor)
            if lock.createdFile { created.add("\(path)/\(name)") }
            return lock
        } catch {
            switch error {
            case .held(let processID): throw .locked(path: path, processID: processID)
            case .beingRead(let processIDs): throw .beingRead(path: path, processIDs: processIDs)
            case .replaced: throw .replaced(path: path)
            case .failed(let error): throw .notWritable(path: path, reason: error.reason)
            }
        }
    }
}
