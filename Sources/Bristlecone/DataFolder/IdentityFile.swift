internal import Archive
internal import Glibc
internal import IPv8
internal import Platform
internal import SystemPackage

/// The file that holds the node's private key in the reference's binary form, so that a key file of the reference can be
/// put in its place.
enum IdentityFile {
    /// The file's name in the data folder.
    static let name = "identity.key"

    /// The longest key of the reference has 241 bytes.
    static let bytesMax = 4096

    /// The key that is there, or a new one.
    static func loadOrCreate(
        in folder: borrowing OpenFolder, _ path: String, _ created: inout CreatedFiles
    ) throws(DataFolderError) -> PrivateKey {
        if let key = try load(in: folder, path) { return key }
        let key: PrivateKey
        do {
            key = try PrivateKey.generate()
        } catch {
            throw .unreadableKey(path: "\(path)/\(name)", reason: "no key could be made")
        }
        do {
            try folder.create(name, key.bytes)
        } catch {
            throw .notWritable(path: path, reason: error.reason)
        }
        created.add("\(path)/\(name)")
        return key
    }

    /// The key of any level that is there; `nil` where there is no file.
    ///
    /// - Parameter owner: to whom the file may belong, besides root.
    static func load(
        in folder: borrowing OpenFolder, _ path: String, ownedBy owner: uid_t = geteuid()
    ) throws(DataFolderError) -> PrivateKey? {
        guard let (bytes, status) = try read(in: folder, path) else { return nil }
        let file = "\(path)/\(name)"
        // Links are followed: what counts is the file that holds the key.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadableKey(path: file, reason: "it is not a regular file")
        }
        guard status.st_uid == owner || status.st_uid == 0 else {
            throw .foreignKey(path: file, owner: FileStatus.userName(status.st_uid))
        }
        guard status.st_mode & 0o007 == 0 else {
            throw .exposedKey(path: file, permissions: octal(status.st_mode))
        }
        do {
            return try PrivateKey(bytes: bytes)
        } catch {
            throw .notAKey(path: file, looksLike: KeyFileForm(bytes).description)
        }
    }

    /// Puts a key in the place of the one that is there, which stays beside it under the name of its identity.
    ///
    /// - Returns: where the old key is now; `nil` if it is the same one, or if there was none.
    static func replace(
        with key: PrivateKey, in folder: borrowing OpenFolder, _ path: String
    ) throws(DataFolderError) -> String? {
        let old = try load(in: folder, path)
        guard old?.bytes != key.bytes else { return nil }
        do throws(Errno) {
            var kept: String?
            if let old {
                let name = "\(name).\(old.publicKey.mid)"
                if try folder.status(of: name) == nil { try folder.create(name, old.bytes) }
                kept = "\(path)/\(name)"
            }
            let file = try ReplacementFile(name, in: folder.descriptor)
            try file.write(key.bytes)
            try file.commit()
            return kept
        } catch {
            throw .notWritable(path: path, reason: error.reason)
        }
    }

    /// A group may have access, because volumes are handed to containers in this way, but somebody should know of it.
    static func warnings(in folder: borrowing OpenFolder, _ path: String) throws(DataFolderError) -> [String] {
        guard let (_, status) = try read(in: folder, path), status.st_mode & 0o070 != 0 else { return [] }
        return [
            "The identity \(path)/\(name) can be used by its group (permissions \(octal(status.st_mode))); "
                + "if that is not meant, run: chmod 600 \(path)/\(name)"
        ]
    }

    /// What the file holds, and what the system tells about that same file; `nil` where there is none.
    private static func read(
        in folder: borrowing OpenFolder, _ path: String
    ) throws(DataFolderError) -> ([UInt8], stat)? {
        do {
            // Opening a FIFO would wait for somebody to write to it.
            let file = try OpenFile(name, in: folder.descriptor, flags: O_RDONLY | O_NONBLOCK)
            let status = try file.status()
            return (status.st_mode & S_IFMT == S_IFREG ? try file.read(bytesMax: bytesMax) : [], status)
        } catch  where error == .noSuchFileOrDirectory {
            return nil
        } catch  where error == .tooManyOpenFiles || error == .tooManyOpenFilesInSystem {
            throw .tooManyFiles(path: "\(path)/\(name)")
        } catch {
            throw .unreadableKey(path: "\(path)/\(name)", reason: error.reason)
        }
    }

    private static func octal(_ mode: mode_t) -> String {
        "0" + String(mode & 0o777, radix: 8)
    }
}
