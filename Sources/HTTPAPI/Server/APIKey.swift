internal import Bristlecone
internal import Glibc
internal import IPv8
internal import Platform
internal import SystemPackage

/// The key that requests over TCP show to be allowed to write: 64 hexadecimal digits in a file of the data folder, which is
/// its owner's alone.
package struct APIKey: Sendable {
    package let text: String

    /// The file's name in the data folder.
    package static let fileName = DataFolder.apiKeyName

    private static let byteCount = 32
    private static let fileBytesMax = 4096

    /// The key in a data folder; a new one is made if there is none.
    package static func loadOrCreate(inDataFolder path: String) throws(ControlSocketError) -> APIKey {
        let file = "\(path)/\(fileName)"
        do {
            let folder = try OpenFolder(path)
            if let key = try load(in: folder, file) { return key }
            var random = SystemRandomNumberGenerator()
            let bytes = (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let text = Hex.encode(bytes)
            try folder.create(fileName, Array("\(text)\n".utf8))
            return APIKey(text: text)
        } catch let error as Errno {
            throw .keyUnusable(path: file, reason: error.reason)
        } catch let error as ControlSocketError {
            throw error
        } catch {
            throw .keyUnusable(path: file, reason: "\(error)")
        }
    }

    /// The key in a data folder; `nil` if no node has made one yet.
    package static func load(fromDataFolder path: String) throws(ControlSocketError) -> APIKey? {
        let file = "\(path)/\(fileName)"
        do {
            return try load(in: try OpenFolder(path), file)
        } catch let error as Errno {
            throw .keyUnusable(path: file, reason: error.reason)
        } catch let error as ControlSocketError {
            throw error
        } catch {
            throw .keyUnusable(path: file, reason: "\(error)")
        }
    }

    private static func load(in folder: borrowing OpenFolder, _ file: String) throws -> APIKey? {
        guard let status = try folder.status(of: fileName) else { return nil }
        guard status.isRegularFile else { throw ControlSocketError.keyUnusable(path: file, reason: "it is not a file") }
        guard !status.isOpenToEverybody else {
            throw ControlSocketError.keyUnusable(path: file, reason: "everybody can use it; run chmod 600 on it")
        }
        guard status.owner == geteuid() || status.owner == 0 || geteuid() == 0 else {
            throw ControlSocketError.keyUnusable(
                path: file, reason: "it belongs to the user \(FileStatus.userName(status.owner))")
        }
        guard let bytes = try folder.contents(of: fileName, bytesMax: fileBytesMax) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline }
        guard text.utf8.count >= 16, bytes.count <= fileBytesMax, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw ControlSocketError.keyUnusable(
                path: file, reason: "a key has 16 or more letters and digits in one line; remove the file for a new one"
            )
        }
        return APIKey(text: String(text))
    }

    /// Whether a text is the key. It takes as long for a text that is nearly right as for any other of its length.
    func matches(_ text: String) -> Bool {
        let (own, other) = (Array(self.text.utf8), Array(text.utf8))
        var difference = UInt(bitPattern: own.count ^ other.count)
        for (index, byte) in other.enumerated() { difference |= UInt(byte ^ own[index % own.count]) }
        return difference == 0
    }
}
