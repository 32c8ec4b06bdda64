internal import Archive
internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Platform
internal import Synchronization
internal import SystemPackage

/// Notices within a second that files of a running node were deleted, replaced or moved away, and mends what can be
/// mended.
///
/// The archive itself looks with every commit whether its file is still there, so nothing is acknowledged that is not on
/// the disk under its name. This tells the operator of it, also while nobody stores anything. `lock` is created again,
/// the index is rebuilt. What cannot be mended is a problem, which the log tells of once and the status for as long as it
/// lasts.
final class FolderWatch: Sendable {
    private let folder: DataFolder
    private let archive: Archive
    private let index: IndexKeeper
    private let events: EventHub
    private let logger: Logger
    private let isLooking = Atomic(false)
    private let known = Mutex<[Subject: String]>([:])

    /// What can have a problem, in the order in which an operator should hear of them.
    private enum Subject: CaseIterable {
        case archive, lock, readersFile, identity

        /// What is said once a problem is over.
        var mended: String {
            switch self {
            case .archive: "The archive can be written again; stores are acknowledged."
            case .lock: "The data folder's file lock is this node's again."
            case .readersFile: "The file archive.mdb-lock is in its place again."
            case .identity: "The file identity.key holds this node's key again."
            }
        }
    }

    private static let interval = TimeAmount.seconds(1)

    init(folder: DataFolder, archive: Archive, index: IndexKeeper, events: EventHub, logger: Logger) {
        self.folder = folder
        self.archive = archive
        self.index = index
        self.events = events
        self.logger = logger
    }

    /// Looks every second from now on, until the event loop ends. Looking takes place on a thread of its own: a disk that
    /// hangs is not to hold up the node.
    func begin(on eventLoop: any EventLoop) {
        eventLoop.scheduleRepeatedTask(initialDelay: FolderWatch.interval, delay: FolderWatch.interval) { [self] _ in
            guard !isLooking.exchange(true, ordering: .acquiringAndReleasing) else { return }
            NIOThreadPool.singleton.submit { [self] _ in
                look()
                isLooking.store(false, ordering: .releasing)
            }
        }
    }

    /// What is wrong now, each a sentence.
    var problems: [String] {
        known.withLock { known in Subject.allCases.compactMap { known[$0] } }
    }

    /// Why the archive cannot be written; `nil` if it can.
    var archiveProblem: String? { known.withLock { $0[.archive] } }

    /// Looks at all files once.
    func look() {
        // Once the folder is closed, so is everything else.
        guard let lock = folder.mendLock() else { return }
        mendIndex()
        var found: [Subject: String] = [:]
        found[.archive] = findArchiveProblem()
        found[.lock] = problem(of: lock)
        found[.identity] = folder.identityProblem()
        if found[.archive] == nil, archive.hasLostReadersFile {
            found[.readersFile] =
                "The file \(folder.path)/archive.mdb-lock was deleted or replaced, so other programs cannot read beside "
                + "this node; restart the node."
        }
        tell(found)
    }

    private func tell(_ found: [Subject: String]) {
        let before = known.withLock { known in
            defer { known = found }
            return known
        }
        for subject in Subject.allCases where found[subject] != before[subject] {
            if let problem = found[subject] {
                logger.error("\(problem)")
            } else {
                logger.notice("\(subject.mended)")
            }
        }
        if found != before { events.send(.healthChanged(problems: problems)) }
    }

    private func findArchiveProblem() -> String? {
        guard !archive.isReadOnly else {
            return ArchiveError.readOnly(path: "\(folder.path)/archive.mdb").description
        }
        do throws(ArchiveError) {
            try archive.checkPlace()
            return nil
        } catch .closed {
            return nil
        } catch {
            return error.description
        }
    }

    private func problem(of lock: FolderLock.State) -> String? {
        let file = "\(folder.path)/\(FolderLock.name)"
        switch lock {
        case .sound: return nil
        case .renewed:
            logger.warning("The file \(file) was deleted or replaced; it was created and locked again.")
            return nil
        case .heldByAnother(let processID):
            return
                "Another process\(processID.map { " (pid \($0))" } ?? "") has locked \(file), which was replaced: an "
                + "earlier version of Bristlecone is using the same folder; stop it."
        case .failed(let error):
            return
                "The file \(file) was deleted or replaced and cannot be created again (\(error.reason)); "
                + "create it: touch \(shellWord(file))"
        }
    }

    private func mendIndex() {
        guard archive.reopenLostIndex() else { return }
        logger.warning("The index \(folder.path)/index.sqlite was deleted or replaced; it is brought up to date.")
        index.archiveChanged()
    }
}
