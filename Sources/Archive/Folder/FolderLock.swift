internal import Glibc
internal import Platform
internal import Synchronization
package import SystemPackage

/// The lock of the one process, node or tool, that may change a data folder. The system releases it when the process ends,
/// however it ends.
///
/// It consists of two locks. The one on the folder itself cannot be deleted. The one on the file `lock` is for earlier
/// versions, which look at nothing else; the file also holds the process id for the message of a second process.
/// Readers hold shared locks on both, see ``StoppedFolder``.
package final class FolderLock: Sendable {
    /// The file's name in the folder.
    package static let name = "lock"

    /// Whether taking the lock created the file.
    package let createdFile: Bool
    private let folder: OpenFile
    private let file: Mutex<OpenFile>

    /// Why a folder cannot be locked.
    package enum Failure: Error, Equatable {
        /// Another process may change the folder; its process id, if it is known.
        case held(by: Int32?)
        /// Other processes read the folder and have not finished; their process ids, as far as they are known.
        case beingRead(by: [Int32])
        /// Another folder has taken its path since it was opened.
        case replaced
        /// The system refused.
        case failed(Errno)
    }

    /// Takes the lock. Waits a few seconds for processes that only read the folder.
    ///
    /// - Parameters:
    ///   - path: where the folder is.
    ///   - opened: the folder, open.
    package init(of path: String, in opened: Int32) throws(Failure) {
        let folder: OpenFile
        do { folder = try OpenFile(".", in: opened, flags: O_RDONLY | O_DIRECTORY) } catch { throw .failed(error) }
        switch LockAttempt(on: folder.descriptor) {
        case .taken: break
        case .held: throw .held(by: FolderLock.holder(in: folder.descriptor))
        case .beingRead: throw .beingRead(by: FolderLock.readers(of: folder.descriptor))
        // Some file systems lock files but no folders: then the file has to do.
        case .failed: break
        }
        let file = try FolderLock.lockedFile(in: folder)
        guard FileIdentity(path: path) == FileIdentity(descriptor: folder.descriptor) else { throw .replaced }
        createdFile = file.isNew
        self.folder = folder
        self.file = Mutex(file.file)
        sign()
    }

    /// Whether a process has a folder for itself, a node or a tool that changes it.
    package static func isHeld(_ path: String) -> Bool {
        guard let folder = try? OpenFile(path, flags: O_RDONLY | O_DIRECTORY) else { return false }
        return flock(folder.descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// Leaves the file as empty as a folder that nobody holds has it.
    deinit { file.withLock { _ = ftruncate($0.descriptor, 0) } }

    private struct LockedFile: ~Copyable {
        let file: OpenFile
        let isNew: Bool
    }

    private static func lockedFile(in folder: borrowing OpenFile) throws(Failure) -> LockedFile {
        for _ in 0..<attemptsMax {
            let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK
            let isNew = FileIdentity(name: name, in: folder.descriptor) == nil
            let creating = isNew ? O_CREAT | O_EXCL : 0
            let file: OpenFile
            do {
                file = try OpenFile(name, in: folder.descriptor, flags: flags | creating)
            } catch {
                // Somebody else has just created or removed it.
                if error == .fileExists || error == .noSuchFileOrDirectory { continue }
                throw .failed(error)
            }
            switch LockAttempt(on: file.descriptor) {
            case .taken: break
            case .held: throw .held(by: holder(in: folder.descriptor))
            case .beingRead: throw .beingRead(by: readers(of: file.descriptor))
            case .failed(let error): throw .failed(error)
            }
            // A process whose start failed removes the file that it created: then this lock keeps nobody out.
            if FileIdentity(name: name, in: folder.descriptor) == FileIdentity(descriptor: file.descriptor) {
                return LockedFile(file: file, isNew: isNew)
            }
        }
        throw .failed(.resourceBusy)
    }

    /// Each needs another process that removes the file at that moment.
    private static let attemptsMax = 100

    // MARK: While it is held

    /// The state of the lock's file.
    package enum State: Equatable {
        /// It is the one that this process has locked.
        case sound
        /// It was missing or another one, and there is a new one that this process has locked.
        case renewed
        /// Another process has locked the file that is there now. It is of an earlier version, which does not look at
        /// the folder's own lock.
        case heldByAnother(Int32?)
        /// It is missing, and no other can be made.
        case failed(Errno)
    }

    /// Creates and locks the file again if it is missing or another one.
    package func mend() -> State {
        let isSound = file.withLock { file in
            FileIdentity(name: FolderLock.name, in: folder.descriptor)
                == FileIdentity(descriptor: file.descriptor)
        }
        guard !isSound else { return .sound }
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK
        let new: OpenFile
        do { new = try OpenFile(FolderLock.name, in: folder.descriptor, flags: flags) } catch { return .failed(error) }
        let descriptor = new.descriptor
        do {
            try Errno.check { flock(descriptor, LOCK_EX | LOCK_NB) }
        } catch {
            return error == .resourceTemporarilyUnavailable
                ? .heldByAnother(FolderLock.holder(in: folder.descriptor)) : .failed(error)
        }
        replaceFile(with: new)
        sign()
        return .renewed
    }

    private func replaceFile(with new: consuming OpenFile) {
        var new: OpenFile? = new
        file.withLock { file in
            if let taken = new.take() { file = taken }
        }
    }

    /// Writes the process id. The lock holds without it, and a full disk is no reason not to start.
    private func sign() {
        let text = Array("\(getpid())\n".utf8)
        file.withLock { file in
            ftruncate(file.descriptor, 0)
            try? WholeBytes.write(text[...], to: file.descriptor, at: 0)
        }
    }

    // MARK: Who else has it

    private static func holder(in folder: Int32) -> Int32? {
        guard let file = try? OpenFile(name, in: folder, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else { return nil }
        return text(of: file).flatMap { Int32($0.prefix { $0.isNumber }) }
    }

    /// The processes with a shared lock on an open file, as far as the system tells.
    private static func readers(of descriptor: Int32) -> [Int32] {
        guard let identity = FileIdentity(descriptor: descriptor),
            let file = try? OpenFile("/proc/locks", flags: O_RDONLY), let locks = text(of: file)
        else { return [] }
        let pids = locks.split(separator: "\n").compactMap { line -> Int32? in
            // 1: FLOCK  ADVISORY  READ 4711 08:01:1234 0 EOF
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] == "FLOCK", words[3] == "READ", identity.isNamed(by: words[5])
            else { return nil }
            return Int32(words[4])
        }
        return Set(pids.filter { $0 > 0 }).sorted()
    }

    /// What a short file of text holds.
    private static func text(of file: borrowing OpenFile) -> String? {
        guard let bytes = try? file.read(bytesMax: 1 << 16), !bytes.isEmpty else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The result of trying to lock an open file or folder for one process alone.
private enum LockAttempt {
    case taken
    /// Another process has it alone.
    case held
    /// Others have shared locks, and did not finish in time.
    case beingRead
    case failed(Errno)

    /// How long readers are waited for. Most take less than a second, and a script may read again and again: a node is
    /// not to fail to start over that.
    private static let patience = Duration.seconds(5)
    private static let pause: UInt32 = 20_000

    init(on descriptor: Int32) {
        let start = ContinuousClock.now
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK else {
                self = .failed(.last)
                return
            }
            // It can be shared only if nobody has it alone.
            guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else {
                self = .held
                return
            }
            flock(descriptor, LOCK_UN)
            guard start.duration(to: .now) < LockAttempt.patience else {
                self = .beingRead
                return
            }
            usleep(LockAttempt.pause)
        }
        self = .taken
    }
}
