internal import Archive
internal import Glibc

/// The lock that keeps a second process out of a data folder; it is let go when this value goes, and by the system when
/// the process ends in whatever way.
struct FolderLock: ~Copyable, Sendable {
    /// The file's name in the folder. It holds the holder's process id, for the message that the second one gives.
    static let name = "lock"

    private let file: OpenFile

    /// Takes the lock, or tells who has it.
    init(in folder: borrowing OpenFolder, _ path: String, _ created: inout CreatedFiles) throws(DataFolderError) {
        do {
            while true {
                let existed = try folder.status(of: FolderLock.name) != nil
                let file = try OpenFile(
                    FolderLock.name, in: folder.descriptor, flags: O_RDWR | O_CREAT | O_NOFOLLOW, permissions: 0o600)
                try SystemError.check { ExclusiveLock.take(file.descriptor) }
                // A process whose start failed removes the file that it created: then this lock keeps nobody out.
                guard try file.status().st_nlink > 0 else { continue }
                if !existed { created.add("\(path)/\(FolderLock.name)") }
                // The lock holds without it, and a full disk is no reason not to start.
                ftruncate(file.descriptor, 0)
                try? file.write(Array("\(getpid())\n".utf8))
                self.file = file
                return
            }
        } catch {
            guard error.code == EWOULDBLOCK else { throw .notWritable(path: path, reason: error.reason) }
            throw .locked(path: path, processID: FolderLock.holder(in: folder))
        }
    }

    /// Leaves the file as empty as a folder that nobody holds has it.
    deinit { ftruncate(file.descriptor, 0) }

    private static func holder(in folder: borrowing OpenFolder) -> Int32? {
        guard let bytes = try? folder.contents(of: name, bytesMax: 32) else { return nil }
        return Int32(String(decoding: bytes, as: UTF8.self).prefix { $0.isNumber })
    }
}
