internal import FoundationEssentials
package import Glibc

/// A folder of a test's own, removed with all that is in it when the value goes.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        var template = Array("/tmp/bristlecone-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TemporaryFolderError() }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of something in it.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in it.
    package func write(_ name: String, _ bytes: some Sequence<UInt8>, permissions: mode_t = 0o600) throws {
        guard let file = fopen(file(name), "w") else { throw TemporaryFolderError() }
        let bytes = Array(bytes)
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count, fclose(file) == 0,
            chmod(self.file(name), permissions) == 0
        else { throw TemporaryFolderError() }
    }

    /// Writes a text file in it.
    package func write(_ name: String, _ text: String) throws { try write(name, text.utf8) }

    /// The permissions of something, the kind of file left out; `nil` where it does not exist.
    package static func permissions(of path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o777 : nil
    }
}

package struct TemporaryFolderError: Error {}
