internal import Glibc
internal import IPv8

/// The file that holds the node's private key in the reference's binary form, so that a key file of the reference can be
/// put in its place.
enum IdentityFile {
    /// The file's name in the data folder.
    static let name = "identity.key"

    /// The longest key of the reference has 241 bytes.
    private static let bytesMax = 1024

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
            try folder.create(name, key.bytes, permissions: 0o600)
        } catch {
            throw .notWritable(path: path, reason: error.reason)
        }
        created.add("\(path)/\(name)")
        return key
    }

    /// The key of any level that is there; `nil` where there is no file.
    static func load(in folder: borrowing OpenFolder, _ path: String) throws(DataFolderError) -> PrivateKey? {
        let file = "\(path)/\(name)"
        let bytes: [UInt8]?
        do {
            bytes = try folder.contents(of: name, bytesMax: bytesMax)
        } catch {
            throw .unreadableKey(path: file, reason: error.reason)
        }
        guard let bytes else { return nil }
        let permissions = try permissions(in: folder, path)
        guard permissions & 0o007 == 0 else {
            throw .exposedKey(path: file, permissions: octal(permissions))
        }
        do {
            return try PrivateKey(bytes: bytes)
        } catch {
            throw .unreadableKey(path: file, reason: "it is not a private key in the reference's form")
        }
    }

    /// A group may have access, because volumes are handed to containers in this way, but somebody should know of it.
    static func warnings(in folder: borrowing OpenFolder, _ path: String) throws(DataFolderError) -> [String] {
        let permissions = try permissions(in: folder, path)
        guard permissions & 0o070 != 0 else { return [] }
        return [
            "The identity \(path)/\(name) can be used by its group (permissions \(octal(permissions))); "
                + "if that is not meant, run: chmod 600 \(path)/\(name)"
        ]
    }

    private static func permissions(in folder: borrowing OpenFolder, _ path: String) throws(DataFolderError) -> mode_t {
        do {
            // Links are followed: what counts is the file that holds the key.
            return try OpenFile(name, in: folder.descriptor, flags: O_RDONLY).status().st_mode & 0o777
        } catch {
            throw .unreadableKey(path: "\(path)/\(name)", reason: error.reason)
        }
    }

    private static func octal(_ permissions: mode_t) -> String {
        "0" + String(permissions, radix: 8)
    }
}
