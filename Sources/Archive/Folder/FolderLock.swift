internal import Glibc
internal import Synchronization

/// The lock of the one process that may change a data folder, a node or a tool. The system releases it when the process
/// ends in whatever way.
///
/// It consists of two locks. The one on the folder itself cannot be deleted. The one on the file `lock` is for earlier
/// versions, which look at nothing else; the file also holds the process id for the message of a second process.
/// Readers hold shared locks on both, see ``StoppedFolder``.
package final class FolderLock: Sendable {
    /// The file's name in the folder.
    package static let name = "lock"

    /// Whether taking the lock created the file.
    package let createdFile: Bool
    private let folder: Descriptor
    private let file: Mutex<Descriptor>

    /// Why a folder cannot be locked.
    package enum Failure: Error, Equatable {
        /// Another process may change the folder; its process id, if it is known.
        case held(by: Int32?)
        /// Other processes read the folder and have not finished; their process ids, as far as they are known.
        case beingRead(by: [Int32])
        /// Another folder has taken its path since it was opened.
        case replaced
        /// The system refused, with this error number.
        case failed(code: Int32)
    }

    /// Takes the lock. Waits a few seconds for processes that only read the folder.
    ///
    /// - Parameters:
    ///   - path: where the folder is.
    ///   - opened: the folder, open.
    package init(of path: String, in opened: Int32) throws(Failure) {
        guard let folder = Descriptor(".", in: opened, flags: O_RDONLY | O_DIRECTORY) else {
            throw .failed(code: errno)
        }
        switch LockAttempt(on: folder.number) {
        case .taken: break
        case .held: throw .held(by: FolderLock.holder(in: folder.number))
        case .beingRead: throw .beingRead(by: FolderLock.readers(of: folder.number))
        // Some file systems lock files but no folders: then the file has to do.
        case .failed: break
        }
        let file = try FolderLock.lockedFile(in: folder)
        guard FileIdentity(path: path) == FileIdentity(descriptor: folder.number) else { throw .replaced }
        createdFile = file.isNew
        self.folder = folder
        self.file = Mutex(file.descriptor)
        sign()
    }

    /// Whether a process has a folder for itself, a node or a tool that changes it.
    package static func isHeld(_ path: String) -> Bool {
        guard let folder = Descriptor(path, flags: O_RDONLY | O_DIRECTORY) else { return false }
        return flock(folder.number, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// Leaves the file as empty as a folder that nobody holds has it.
    deinit { file.withLock { _ = ftruncate($0.number, 0) } }

    private struct LockedFile: ~Copyable {
        let descriptor: Descriptor
        let isNew: Bool
    }

    private static func lockedFile(in folder: borrowing Descriptor) throws(Failure) -> LockedFile {
        for _ in 0..<attemptsMax {
            let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK
            let isNew = FileIdentity(name: name, in: folder.number) == nil
            let creating = isNew ? O_CREAT | O_EXCL : 0
            guard let file = Descriptor(name, in: folder.number, flags: flags | creating, permissions: 0o600) else {
                // Somebody else has just created or removed it.
                if errno == EEXIST || errno == ENOENT { continue }
                throw .failed(code: errno)
            }
            switch LockAttempt(on: file.number) {
            case .taken: break
            case .held: throw .held(by: holder(in: folder.number))
            case .beingRead: throw .beingRead(by: readers(of: file.number))
            case .failed(let code): throw .failed(code: code)
            }
            // A process whose start failed removes the file that it created: then this lock keeps nobody out.
            if FileIdentity(name: name, in: folder.number) == FileIdentity(descriptor: file.number) {
                return LockedFile(descriptor: file, isNew: isNew)
            }
        }
        throw .failed(code: EBUSY)
    }

    /// Each needs another process that removes the file at that moment.
    private static let attemptsMax = 100

    // MARK: While it is held

    /// What became of the file.
    package enum State: Equatable {
        /// It is the one that this process has locked.
        case sound
        /// It was missing or another one, and there is a new one that this process has locked.
        case renewed
        /// Another process has locked the file that is there now. It is of an earlier version, which does not look at
        /// the folder's own lock.
        case heldByAnother(Int32?)
        /// It is missing, and no other can be made; the system's error number.
        case failed(code: Int32)
    }

    /// Creates and locks the file again if it is missing or another one.
    package func mend() -> State {
        let isSound = file.withLock { file in
            FileIdentity(name: FolderLock.name, in: folder.number) == FileIdentity(descriptor: file.number)
        }
        guard !isSound else { return .sound }
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK
        guard let new = Descriptor(FolderLock.name, in: folder.number, flags: flags, permissions: 0o600) else {
            return .failed(code: errno)
        }
        guard flock(new.number, LOCK_EX | LOCK_NB) == 0 else {
            return errno == EWOULDBLOCK
                ? .heldByAnother(FolderLock.holder(in: folder.number)) : .failed(code: errno)
        }
        replaceFile(with: new)
        sign()
        return .renewed
    }

    private func replaceFile(with new: consuming Descriptor) {
        var new: Descriptor? = new
        file.withLock { file in
            if let taken = new.take() { file = taken }
        }
    }

    /// Writes the process id. The lock holds without it, and a full disk is no reason not to start.
    private func sign() {
        let text = Array("\(getpid())\n".utf8)
        file.withLock { file in
            ftruncate(file.number, 0)
            _ = pwrite(file.number, text, text.count, 0)
        }
    }

    // MARK: Who else has it

    private static func holder(in folder: Int32) -> Int32? {
        guard let file = Descriptor(name, in: folder, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else { return nil }
        return text(of: file).flatMap { Int32($0.prefix { $0.isNumber }) }
    }

    /// The processes with a shared lock on an open file, as far as the system tells.
    private static func readers(of descriptor: Int32) -> [Int32] {
        guard let identity = FileIdentity(descriptor: descriptor),
            let file = Descriptor("/proc/locks", flags: O_RDONLY), let locks = text(of: file)
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
    private static func text(of file: borrowing Descriptor) -> String? {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        var count = 0
        while count < bytes.count {
            let start = count
            let read = bytes.withUnsafeMutableBytes {
                Glibc.read(file.number, $0.baseAddress.map { $0 + start }, $0.count - start)
            }
            guard read > 0 else { break }
            count += read
        }
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}

/// What came of trying to lock an open file or folder for one process alone.
private enum LockAttempt {
    case taken
    /// Another process has it alone.
    case held
    /// Others have shared locks, and did not finish in time.
    case beingRead
    case failed(code: Int32)

    /// How long readers are waited for. Most take less than a second, and a script may read again and again: a node is
    /// not to fail to start over that.
    private static let patience = Duration.seconds(5)
    private static let pause: UInt32 = 20_000

    init(on descriptor: Int32) {
        let start = ContinuousClock.now
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK else {
                self = .failed(code: errno)
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
