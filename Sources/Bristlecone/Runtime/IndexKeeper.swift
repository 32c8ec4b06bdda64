internal import Archive
internal import IPv8
internal import Kademlia
internal import Logging
internal import NIOPosix
internal import Synchronization

/// Keeps the archive's index in step with the archive, on a thread of its own, never in the way of a store.
final class IndexKeeper: Sendable {
    private let archive: Archive
    private let logger: Logger
    private let thread = NIOThreadPool(numberOfThreads: 1)
    /// Whether the thread has been told that there is something to follow.
    private let isFollowing = Mutex(false)

    /// How many changes one step takes over, in one transaction.
    private static let changesPerStep = 4096

    init(archive: Archive, logger: Logger) {
        self.archive = archive
        self.logger = logger
        thread.start()
    }

    /// Takes over what has changed, soon; any number of calls before that count as one.
    func archiveChanged() {
        let wasFollowing = isFollowing.withLock { isFollowing in
            defer { isFollowing = true }
            return isFollowing
        }
        guard !wasFollowing else { return }
        thread.submit { [self] state in
            isFollowing.withLock { $0 = false }
            if state == .active { catchUp() }
        }
    }

    private func catchUp() {
        do throws(ArchiveError) {
            var result = try archive.follow(limit: IndexKeeper.changesPerStep)
            var hasToldRebuild = false
            while !result.isCurrent {
                if let rebuild = result.rebuild, !hasToldRebuild {
                    logger.notice("Rebuilding the index of \(rebuild.total) records; the node works meanwhile")
                    hasToldRebuild = true
                }
                result = try archive.follow(limit: IndexKeeper.changesPerStep)
            }
            if hasToldRebuild { logger.notice("The index is complete again") }
        } catch {
            logger.error("\(error)")
        }
    }

    /// Remembers contacts for the next start.
    func save(_ contacts: [Contact], at now: Instant) {
        let stored = contacts.map { contact in
            StoredContact(
                publicKey: contact.node.publicKey, address: contact.node.address, firstSeen: contact.lastResponse,
                lastResponse: contact.lastResponse)
        }
        thread.submit { [self] state in
            guard state == .active else { return }
            do throws(ArchiveError) {
                try archive.saveContacts(stored, at: now)
            } catch {
                logger.error("The contacts could not be saved: \(error)")
            }
        }
    }

    /// Waits until all that was asked for has been done, and ends the thread.
    func shutdown() async {
        _ = try? await thread.runIfActive { [self] in catchUp() }
        try? await thread.shutdownGracefully()
    }
}
