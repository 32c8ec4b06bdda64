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
        var failures = RareWarning()
        var contacts: (stored: [StoredContact], at: Instant)?
        var isStopping = false
    }

    /// How many changes one step takes over, in one transaction.
    private static let changesPerStep = 4096

    init(archive: Archive, logger: Logger) {
        self.archive = archive
        self.logger = logger
    }

    /// Takes over what has changed, soon; any number of calls before that count as one.
    func archiveChanged() {
        let isNews = orders.withLock { orders in
            defer { orders.follow = true }
            return !orders.follow
        }
        guard isNews else { return }
        worker.submit { [self] in
            orders.withLock { $0.follow = false }
            catchUp()
        }
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
            if hasToldRebuild, result.isCurrent { logger.notice("The index is complete again") }
        } catch {
            // It fails with every change for as long as its disk does.
            let times = orders.withLock { $0.failures.next(at: ClockReading.now().sinceBoot) }
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

    /// Takes over no more than the step under way; what the index has not taken over by then, it takes over after the next
    /// start.
    func endSoon() { orders.withLock { $0.isStopping = true } }

    /// Waits until the step under way is done and the contacts are saved, and ends the thread.
    func shutdown() async {
        endSoon()
        await worker.run { [self] in saveContacts() }
        await worker.stop()
    }
}
