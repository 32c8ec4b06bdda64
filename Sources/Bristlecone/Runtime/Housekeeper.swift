internal import Archive
internal import IPv8
internal import Logging
internal import Maintenance
internal import NIOCore
internal import Platform
internal import Synchronization

/// Keeps the archive in order, on a thread of its own: sweeps every minute, says what was refused, and does what the
/// operator wants pinned or forgotten, which may take long.
final class Housekeeper: Sendable {
    private let archive: Archive
    private let index: IndexKeeper
    private let logger: Logger
    private let worker = SerialWorker("housekeeper")
    /// The counters at the last look.
    private let known = Mutex<[String: Int]>([:])
    /// When it last swept, and what that came to.
    private let lastSweep = Mutex<(at: Instant, result: String)?>(nil)
    /// Whether overwriting what was forgotten is under way, and what it came to last.
    private let isWiping = Atomic(false)
    private let lastWipe = Mutex<(at: Instant, result: String)?>(nil)
    /// When what is remembered of storing again was last gone through.
    private let lastTrim = Mutex<Instant>(.distantPast)

    /// How many records a step looks at, in one transaction, and how many steps there are a minute: ten million values
    /// and their history are gone through in some hours.
    private static let recordsPerStep = 4096
    private static let stepsPerMinute = 16
    /// How storing a target again went is forgotten so long after the last attempt, if nothing of it is held; that is
    /// looked at so often.
    private static let attemptsRemembered: Duration = .seconds(24 * 3600)
    private static let trimInterval: Duration = .seconds(3600)
    /// So long it overwrites what was forgotten before it looks whether the operator wants something.
    private static let wipeMax: Duration = .milliseconds(250)

    init(archive: Archive, index: IndexKeeper, logger: Logger) {
        self.archive = archive
        self.index = index
        self.logger = logger
    }

    /// The name of the task that removes what has expired.
    static let sweepTask = "expiry"
    /// The name of the task that overwrites what was forgotten.
    static let wipeTask = "wipe"

    /// Sweeps a little, and tells what has been refused since the last time.
    func minutePassed(clock: @escaping @Sendable () -> ClockMoment) {
        worker.submit { [self] in
            sweep(clock)
            archive.clearStaleReaders()
            trimRepublications(at: clock().now)
            tellRefusals()
            guard !isWiping.exchange(true, ordering: .acquiringAndReleasing) else { return }
            wipe(clock)
        }
    }

    /// Overwrites on the disk what was forgotten: for a moment at a time, so that what the operator wants comes between.
    private func wipe(_ clock: @escaping @Sendable () -> ClockMoment) {
        let begun = ContinuousClock.now
        do throws(ArchiveError) {
            while let step = try archive.wipeStep(at: clock().now) {
                let pages = "\(step.donePages) of \(step.totalPages) pages"
                if step.isDone {
                    noteWipe("erased what was forgotten: went over \(step.totalPages) pages", clock().now)
                    logger.info("Erased from the disk what was forgotten: went over \(step.totalPages) pages.")
                    break
                }
                noteWipe("went over \(pages)", clock().now)
                guard !step.waitsForReader, !worker.isStopping else { break }
                guard ContinuousClock.now - begun < Housekeeper.wipeMax else {
                    return worker.submit { [self] in wipe(clock) }
                }
            }
        } catch {
            logger.error(
                "What was forgotten could not be erased from the disk and is tried again in a minute: \(error)")
        }
        isWiping.store(false, ordering: .releasing)
    }

    private func noteWipe(_ result: String, _ now: Instant) { lastWipe.withLock { $0 = (now, result) } }

    private func trimRepublications(at now: Instant) {
        let isDue = lastTrim.withLock { last in
            guard now - last >= Housekeeper.trimInterval || now < last else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        do throws(ArchiveError) {
            try archive.trimRepublications(olderThan: now - Housekeeper.attemptsRemembered)
        } catch {
            logger.error("What is remembered of storing again could not be gone through: \(error)")
        }
    }

    private func sweep(_ clock: @Sendable () -> ClockMoment) {
        var (examined, changed) = (0, 0)
        defer {
            let result = "looked at \(examined) records, moved or removed \(changed)"
            lastSweep.withLock { $0 = (clock().now, result) }
            try? archive.saveJobs(jobs)
        }
        for _ in 0..<Housekeeper.stepsPerMinute where !worker.isStopping {
            let moment = clock()
            do throws(ArchiveError) {
                let result = try archive.sweep(
                    at: moment.now, limit: Housekeeper.recordsPerStep, clockIsSteady: moment.isSteady)
                examined += result.examined
                changed += result.changed
                if result.changed > 0 { index.archiveChanged() }
                if result.examined == 0 || result.endsRound { return }
            } catch {
                return logger.error("The archive could not be swept: \(error)")
            }
        }
    }

    /// What it does again and again.
    var jobs: [JobReport] {
        guard let last = lastSweep.withLock({ $0 }) else { return [] }
        let records = Housekeeper.recordsPerStep * Housekeeper.stepsPerMinute
        let wipe = lastWipe.withLock { $0 }.map { wipe in
            JobReport(
                name: Housekeeper.wipeTask, due: wipe.at + .seconds(60), lastRun: wipe.at, lastResult: wipe.result,
                budget: "all pages after something was forgotten")
        }
        return (wipe.map { [$0] } ?? []) + [
            JobReport(
                name: Housekeeper.sweepTask, due: last.at + .seconds(60), lastRun: last.at, lastResult: last.result,
                budget: "\(records) records a minute"),
            JobReport(
                name: "journal_trim", due: last.at, lastRun: last.at,
                lastResult: "with every commit, up to what the index has", budget: "two changes for each new one"),
        ]
    }

    /// One line a minute for each reason, however many values were refused. That size limit or disk reserve are reached
    /// is told when it happens, with the commit that it happens to.
    private func tellRefusals() {
        let counters = archive.keepingCounters
        let before = known.withLock { known in
            defer { known = counters }
            return known
        }
        for (name, remedy) in Housekeeper.remedies {
            let count = counters[name, default: 0] - before[name, default: 0]
            if count > 0 { logger.warning("The archive refused \(count) values in the last minute: \(remedy)") }
        }
    }

    private static let remedies: [(counter: String, remedy: String)] = [
        (
            "refused.budget",
            "what is published here and pinned leaves no room in its share; raise archive.size_limit or archive.served_share, or withdraw or unpin some"
        ),
        (
            "retained.refused",
            "what is pinned or published here has expired and finds no room among the retained; raise archive.size_limit"
        ),
    ]

    // MARK: What the operator wants

    /// Does something with the archive, and tells the index.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (Archive) throws(ArchiveError) -> Value
    ) async throws(NodeError) -> Value {
        defer { index.archiveChanged() }
        return try await worker.attempt { [archive] () throws(ArchiveError) in try body(archive) }
    }

    /// Ends the thread, after the step under way.
    func shutdown() async { await worker.stop() }
}
