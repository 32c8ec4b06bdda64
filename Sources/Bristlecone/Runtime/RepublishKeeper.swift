internal import Archive
internal import IPv8
internal import Logging
internal import Maintenance
internal import Platform
internal import Synchronization

/// Answers what the republisher asks the archive, and writes down how it went, on a thread of its own: listing what is due may take
/// a second where there is much.
final class RepublishKeeper: Sendable {
    private let archive: Archive
    private let logger: Logger
    private let worker = SerialWorker("upkeep")
    private let notes = Mutex(Notes())

    private struct Notes {
        var results: [RepublishResult] = []
    }

    /// Fewer copies than this of what is pinned are worth a warning.
    static let copiesMin = 3

    init(archive: Archive, logger: Logger) {
        self.archive = archive
        self.logger = logger
    }

    /// Lists what is due; nothing where that cannot be read at the moment.
    func listDue(at now: Instant, limit: Int, then deliver: @escaping @Sendable (DueKeys) -> Void) {
        submit { keeper in
            do throws(ArchiveError) {
                deliver(try keeper.archive.dueList(at: now, limit: limit))
            } catch {
                keeper.logger.error("What is due to be stored again cannot be listed now: \(error)")
                deliver(DueKeys())
            }
        }
    }

    /// Reads the values of targets that are to be stored again.
    func load(
        _ targets: [Target], at now: Instant,
        then deliver: @escaping @Sendable ([RepublishableTarget]) -> Void
    ) {
        submit { keeper in
            deliver(
                targets.map { target in
                    do throws(ArchiveError) {
                        let values = try keeper.archive.republishableEntries(of: target, at: now)
                        return RepublishableTarget(target: target, values: values)
                    } catch {
                        keeper.logger.error("The values under \(target) cannot be read: \(error)")
                        return RepublishableTarget(target: target, values: [])
                    }
                })
        }
    }

    /// Writes down how it went, together with what else comes until the thread is free.
    func note(_ result: RepublishResult, at now: Instant) {
        let isFirst = notes.withLock { notes in
            notes.results.append(result)
            return notes.results.count == 1
        }
        guard isFirst else { return }
        submit { keeper in keeper.write(at: now) }
    }

    private func write(at now: Instant) {
        let results = notes.withLock { notes in
            defer { notes.results.removeAll(keepingCapacity: true) }
            return notes.results
        }
        do throws(ArchiveError) {
            try archive.note(results, at: now)
        } catch {
            logger.error("How storing again went cannot be written down: \(error)")
        }
    }

    /// Remembers the jobs.
    func save(_ jobs: [JobReport]) {
        submit { keeper in
            do throws(ArchiveError) {
                try keeper.archive.saveJobs(jobs)
            } catch {
                keeper.logger.error("The jobs cannot be written down: \(error)")
            }
        }
    }

    /// Remembers the buckets.
    func save(_ buckets: [BucketReport], at now: Instant) {
        submit { keeper in
            do throws(ArchiveError) {
                try keeper.archive.saveBuckets(buckets, at: now)
            } catch {
                keeper.logger.error("The buckets cannot be written down: \(error)")
            }
        }
    }

    private func submit(_ body: @escaping @Sendable (RepublishKeeper) -> Void) {
        worker.submit { [self] in body(self) }
    }

    /// Writes what is left, and ends the thread.
    func shutdown() async {
        await worker.run { [self] in
            if notes.withLock({ !$0.results.isEmpty }) { write(at: ClockReading.now().wall) }
        }
        await worker.stop()
    }
}
