internal import CLMDB
internal import Glibc
internal import Platform
internal import Synchronization
internal import SystemPackage

/// What a copy of the archive consists of.
public struct ArchiveCopy: Hashable, Sendable {
    /// The names of the files that were written.
    public var files: [String]
    /// Why the index is not among them; it is rebuilt where the copy is used. `nil` where it is.
    public var indexIsMissingBecause: String?
}

extension Archive {
    /// Copies the archive into a folder that exists, while it is being used: first the index, then LMDB, so that the
    /// copy of the index is at most behind and catches up.
    ///
    /// Both files are for their owner alone and on the disk when this returns. An index that cannot be copied is left
    /// out: it can be rebuilt.
    ///
    /// - Parameters:
    ///   - target: a folder without files of these names.
    ///   - isStopped: asked now and then whether to give up, with ``ArchiveError/copyStopped``.
    public func copy(
        into target: String, unless isStopped: @Sendable () -> Bool = { false }
    ) throws(ArchiveError) -> ArchiveCopy {
        let result = copying.withLock { _ in
            Result { () throws(ArchiveError) in try copyFiles(into: target, unless: isStopped) }
        }
        return try result.get()
    }

    private func copyFiles(
        into target: String, unless isStopped: () -> Bool
    ) throws(ArchiveError) -> ArchiveCopy {
        journalKeptAbove.store(indexPosition.withLock { $0.last.number }, ordering: .releasing)
        defer { journalKeptAbove.store(.max, ordering: .releasing) }
        var copy = ArchiveCopy(files: ["archive.mdb"])
        let indexPath = target + "/index.sqlite"
        do throws(ArchiveError) {
            try FileCopy.create(indexPath) { _ in 0 }
            try index.copy(to: indexPath, unless: isStopped)
            try FileCopy.synchronize(indexPath)
            copy.files.append("index.sqlite")
        } catch {
            for suffix in ["", "-wal", "-shm", "-journal"] { unlink(indexPath + suffix) }
            switch error {
            case .notCopied, .copyStopped: throw error
            default: copy.indexIsMissingBecause = "\(error)"
            }
        }
        try FileCopy.create(target + "/archive.mdb") { [environment] (descriptor) throws(ArchiveError) in
            let code = try environment.copy(toDescriptor: descriptor, unless: isStopped)
            if code == ECANCELED { throw .copyStopped }
            return code
        }
        return copy
    }
}

/// Files that a copy of the archive consists of: new ones, for their owner alone.
enum FileCopy {
    /// Creates a file, lets it be written, and returns once it is on the disk.
    ///
    /// - Parameter write: returns 0, or an error number of the system's or LMDB's.
    static func create(
        _ path: String, _ write: (Int32) throws(ArchiveError) -> Int32
    ) throws(ArchiveError) {
        let file: OpenFile
        do { file = try OpenFile(creating: path) } catch { throw .notCopied(path: path, reason: "\(error)") }
        let code = try write(file.descriptor)
        guard code == 0 else { throw .notCopied(path: path, reason: String(cString: mdb_strerror(code))) }
        do { try file.synchronize() } catch { throw .notCopied(path: path, reason: "\(error)") }
    }

    /// Returns once a file that somebody else wrote is on the disk.
    static func synchronize(_ path: String) throws(ArchiveError) {
        do {
            try OpenFile(path, flags: O_RDONLY).synchronize()
        } catch {
            throw .notCopied(path: path, reason: "\(error)")
        }
    }
}
