internal import Archive
internal import IPv8
internal import Kademlia
internal import Logging
internal import Maintenance
internal import Platform
internal import Synchronization

/// Keeps the archive's index in step with the archive, on a thread of its own, never in the way of a store.
final class IndexKeeper: Sendable {
    private let archive: Archive
    private let logger: Logger
    private let worker = SerialWorker("index")
    private let orders = Mutex(Orders())

    /// What the thread has been told to do and has not begun.
    private struct Orders {
        var follow = false
        /// When it last began to follow changes, as time since the machine started.
        var followedAt = Duration.zero
        var failures = RareWarning()
        var contacts: (stored: [StoredContact], at: Instant)?
        var whenRebuilt: @Sendable () -> Void = {}
        var isStopping = false
    }

    /// How many changes one step applies to the index, in one transaction.
    private static let changesPerStep = 4096
    /// How long changes gather before the index follows them. Each of its transactions writes and syncs its own
    /// pages, so one for all commits of a tenth of a second costs a fraction of one for each commit.
    static let gatherFor: Duration = .milliseconds(100)
    /// When it tries again after a failure, such as a full disk.
    private static let retryAfter: Duration = .seconds(10)

    init(archive: Archive, logger: Logger) {
        self.archive = archive
        self.logger = logger
    }

    /// Has something done each time a rebuild has ended, on the thread of the index.
    func whenRebuilt(_ action: @escaping @Sendable () -> Void) { orders.withLock { $0.whenRebuilt = action } }

    /// Has the index follow the archive's changes: at once if it has not done so for ``gatherFor``, else when that time
    /// is over. Further calls until then change nothing.
    func archiveChanged() {
        let now = ClockReading.now().sinceBoot
        let delay = orders.withLock { orders -> Duration? in
            guard !orders.follow else { return nil }
            orders.follow = true
            return max(orders.followedAt + IndexKeeper.gatherFor - now, .zero)
        }
        if let delay { worker.submit(after: delay) { [self] in followIfTold() } }
    }

    private func followIfTold() {
        let now = ClockReading.now().sinceBoot
        let isTold = orders.withLock { orders in
            guard orders.follow else { return false }
            orders.follow = false
            orders.followedAt = now
            return true
        }
        if isTold { catchUp() }
    }

    private func catchUp() {
        do throws(ArchiveError) {
            var result = try archive.follow(limit: IndexKeeper.changesPerStep)
            var hasToldRebuild = false
            while !result.isCurrent, !orders.withLock(\.isStopping) {
                if let rebuild = result.rebuild, !hasToldRebuild {
                    logger.notice("Rebuilding the index of \(rebuild.total) records; the node works meanwhile")
                    hasToldRebuild = true
                }
                result = try archive.follow(limit: IndexKeeper.changesPerStep)
            }
            if hasToldRebuild, result.isCurrent {
                logger.notice("The index is complete again")
                orders.withLock(\.whenRebuilt)()
            }
        } catch {
            // Until it tries again, changes gather.
            let times = orders.withLock { orders in
                orders.follow = true
                return orders.failures.next(at: ClockReading.now().sinceBoot)
            }
            worker.submit(after: IndexKeeper.retryAfter) { [self] in followIfTold() }
            if let times { logger.error("\(error)\(times)") }
        }
    }

    /// Remembers contacts for the next start.
    func save(_ contacts: [Contact], at now: Instant) {
        let stored = contacts.map { contact in
            StoredContact(
                publicKey: contact.node.publicKey, address: contact.node.address, firstSeen: contact.lastResponse,
                lastResponse: contact.lastResponse)
        }
        let isNews = orders.withLock { orders in
            defer { orders.contacts = (stored, now) }
            return orders.contacts == nil
        }
        if isNews { worker.submit { [self] in saveContacts() } }
    }

    private func saveContacts() {
        guard let (stored, now) = orders.withLock({ $0.contacts.take() }) else { return }
        do throws(ArchiveError) {
            try archive.saveContacts(stored, at: now)
        } catch {
            logger.error("The contacts could not be saved: \(error)")
        }
    }

    /// Stops following after the step under way. The index follows the remaining changes after the next start.
    func endSoon() { orders.withLock { $0.isStopping = true } }

    /// Applies one more step of the changes that have gathered, saves the contacts, and ends the thread.
    func shutdown() async {
        endSoon()
        await worker.run { [self] in
            followIfTold()
            saveContacts()
        }
        await worker.stop()
    }
}
