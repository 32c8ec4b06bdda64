internal import Archive
internal import Glibc
internal import Platform
internal import Synchronization
internal import SystemPackage

/// A dump that is being handed to a running node, before anything of it is imported.
///
/// It is kept in a file in the data folder that has no name any more: the disk has room for a dump of any size, and the file
/// is gone when this value is, even if the node is killed. As long as this value exists, no other dump is taken.
package final class ImportUpload: Sendable {
    let file: OpenFile
    private let archive: Archive
    private let worker: SerialWorker
    private let release: @Sendable () -> Void
    private let uncheckedBytes = Atomic(0)

    /// The disk's free space is looked at after this many bytes.
    private static let bytesPerLook = 8 << 20
    private static let name = "import.part"

    init(
        of archive: Archive, on worker: SerialWorker, release: @escaping @Sendable () -> Void
    ) throws(NodeError) {
        let path = "\(archive.folder)/\(ImportUpload.name)"
        // One that a node left that was killed at the wrong moment.
        unlink(path)
        do throws(Errno) {
            file = try OpenFile(path, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
        } catch {
            release()
            throw NodeError(.archiveFailed, "\(path) cannot be written (\(error)); make room, and import again.")
        }
        unlink(path)
        (self.archive, self.worker, self.release) = (archive, worker, release)
    }

    deinit { release() }

    /// Adds the next bytes of the dump.
    package func append(_ bytes: [UInt8]) async throws(NodeError) {
        let result = await worker.run { [self] in Result { () throws(NodeError) in try write(bytes) } }
        guard let result else { throw NodeError.notRunning }
        try result.get()
    }

    private func write(_ bytes: [UInt8]) throws(NodeError) {
        let unchecked = uncheckedBytes.add(bytes.count, ordering: .relaxed).newValue
        if unchecked >= ImportUpload.bytesPerLook {
            uncheckedBytes.store(0, ordering: .relaxed)
            guard archive.hasAmpleRoom else { throw ImportUpload.noRoom }
        }
        do throws(Errno) {
            try file.write(bytes)
        } catch {
            throw error == .noSpace
                ? ImportUpload.noRoom : NodeError(.archiveFailed, "The dump cannot be kept for the import (\(error)).")
        }
    }

    private static let noRoom = NodeError(
        .diskFull,
        "The disk has no room for the dump, which is kept in the data folder until it is imported; make room.")
}
