internal import Archive
internal import FoundationEssentials
internal import Glibc
package import IPv8
internal import Maintenance
internal import Platform
internal import SystemPackage

/// Key files as they are found in the field.
package enum KeyFile {
    /// What the reference and programs that use it call their key files.
    private static let knownNames = ["identity.key", "ec_multichain.pem", "ec_trustchain.pem", "ec1.pem", "ec.pem"]

    /// Reads a private key in any form in which the reference and those who copy its files write one. In a folder, a file with
    /// one of the reference's names.
    package static func read(_ path: String) throws(DataFolderError) -> PrivateKey {
        do {
            guard try !FileStatus.of(path).isFolder else {
                guard let name = knownNames.first(where: { FileStatus.exists("\(path)/\($0)") }) else {
                    throw DataFolderError.noKeyFile(path: path, looksLike: "it is a folder without a key file")
                }
                return try read("\(path)/\(name)")
            }
            let bytes = try OpenFile(path, flags: O_RDONLY | O_NONBLOCK).read(bytesMax: IdentityFile.bytesMax)
            guard let key = key(in: bytes) else {
                throw DataFolderError.noKeyFile(path: path, looksLike: KeyFileForm(bytes).description)
            }
            return key
        } catch let error as DataFolderError {
            throw error
        } catch {
            throw .unreadableKey(path: path, reason: "\(error)")
        }
    }

    /// The key in the bytes of a file: binary as the reference writes it, PEM, Base64 or hexadecimal digits of that, or the 64
    /// bytes of a curve25519 key without their prefix. Line ends behind it do not matter.
    package static func key(in bytes: [UInt8]) -> PrivateKey? {
        let trimmed = withoutLineEnds(bytes)
        let candidates = [bytes] + trimmed + [trimmed.last.flatMap(decoded)].compactMap { $0 }
        for candidate in candidates {
            if let key = try? PrivateKey(bytes: candidate) { return normal(key) }
            if candidate.count == 64, let key = try? PrivateKey(bytes: Array("LibNaCLSK:".utf8) + candidate) {
                return key
            }
        }
        return nil
    }

    /// The bytes without one of the line ends behind them, without two, and so on: the last byte of a binary key may look like
    /// one.
    static func withoutLineEnds(_ bytes: [UInt8]) -> [[UInt8]] {
        let ends = bytes.reversed().prefix { $0 == 0x0A || $0 == 0x0D }.count
        return ends == 0 ? [bytes] : (1...ends).map { Array(bytes.dropLast($0)) }
    }

    /// A key in the one form that the node keeps: OpenSSL reads others too.
    private static func normal(_ key: PrivateKey) -> PrivateKey { (try? key.inReferencesForm()) ?? key }

    /// What a text stands for: PEM, hexadecimal digits or Base64.
    private static func decoded(_ bytes: [UInt8]) -> [UInt8]? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let lines = text.split(whereSeparator: \.isNewline)
        let isPEM = lines.first?.hasPrefix("-----BEGIN") == true
        let body = isPEM ? lines.dropFirst().prefix { !$0.hasPrefix("-----END") } : lines[...]
        let joined = body.filter { !$0.contains(":") && !$0.isEmpty }.joined()
        if !isPEM, let bytes = Hex.decode(joined) { return bytes }
        return Data(base64Encoded: joined).map { Array($0) }
    }

    /// Writes a new key to a new file that only its owner can read.
    package static func generate(_ level: KeyLevel, at path: String) throws(DataFolderError) -> PrivateKey {
        do {
            let key = try PrivateKey.generate(level)
            let file = try OpenFile(creating: path)
            try file.write(key.bytes)
            try file.synchronize()
            return key
        } catch let error as Errno {
            let reason = error == .fileExists ? "there is a file of that name" : error.reason
            throw .keyNotWritten(path: path, reason: reason)
        } catch {
            throw .unreadableKey(path: path, reason: "no key could be made")
        }
    }
}

/// The key of a node.
package struct IdentityReport: Sendable, Equatable, Codable {
    package var mid: Mid
    package var publicKey: PublicKey
    package var level: KeyLevel
    package var file: String
    /// Where the key before is now; `nil` if there was none.
    package var oldFile: String?
    /// Values that the next start publishes under the new key.
    package var publications: Int

    package init(_ key: PrivateKey, file: String, oldFile: String? = nil, publications: Int = 0) {
        (mid, publicKey, level) = (key.publicKey.mid, key.publicKey, key.publicKey.level)
        (self.file, self.oldFile, self.publications) = (file, oldFile, publications)
    }
}

/// Changes the key of a node that does not run.
package enum NodeKey {
    package static func show(_ dataFolder: String) throws(NodeError) -> IdentityReport {
        let path = "\(dataFolder)/\(IdentityFile.name)"
        do throws(DataFolderError) {
            return IdentityReport(try KeyFile.read(path), file: path)
        } catch {
            throw NodeError(error)
        }
    }

    /// Gives the node in a data folder another key. The next start publishes under it what the node published before.
    ///
    /// - Parameter key: a new one if `nil`.
    package static func replace(with key: PrivateKey?, in dataFolder: String) throws(NodeError) -> IdentityReport {
        let hasKey = FileStatus.exists("\(dataFolder)/\(IdentityFile.name)")
        if key == nil, !hasKey { throw NodeError(BackupError.noData(folder: dataFolder)) }
        do {
            let folder = try DataFolder.open(dataFolder)
            defer { folder.close() }
            let key = try key ?? PrivateKey.generate(folder.identity.publicKey.level)
            // The archive first: until the file is there too, the node does not start with either key, and says how to go on.
            let publications = try give(folder.path, to: key.publicKey.mid)
            var old = try folder.replaceIdentity(with: key)
            if !hasKey, let unused = old {
                // Nobody ever saw the key that the new folder began with.
                unlink(unused)
                old = nil
            }
            return IdentityReport(
                key, file: "\(folder.path)/\(IdentityFile.name)", oldFile: old, publications: publications)
        } catch let error as NodeError {
            throw error
        } catch let error as DataFolderError {
            throw NodeError(error)
        } catch let error as ArchiveError {
            throw NodeError(error)
        } catch {
            throw NodeError(.dataFolderUnusable, "No key could be made: \(error).")
        }
    }

    private static func give(_ folder: String, to mid: Mid) throws -> Int {
        guard FileStatus.exists("\(folder)/archive.mdb") else { return 0 }
        let now = ClockReading.now().wall
        let archive = try Archive.open(folder: folder, options: ArchiveOptions(fittingIndexIn: folder), now: now)
        defer { archive.close() }
        guard try archive.owner()?.mid != mid else { return 0 }
        let published = try archive.publishedEntries(signedByOthersThan: mid).count
        try archive.give(to: ArchiveOwner(mid: mid, isNew: true), at: now)
        return published
    }
}
