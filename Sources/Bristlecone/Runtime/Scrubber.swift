internal import Archive
internal import Console
internal import IPv8
internal import Logging
internal import Maintenance
internal import NIOCore
internal import Platform
internal import Synchronization

/// Re-reads the archive in the background, a bounded number of records at a time, and tells of what is damaged.
///
/// A run goes from the first record to the last one and on after a restart; between two runs there is a day at least.
final class Scrubber: Sendable {
    private let archive: Archive
    private let rate: Atomic<Int>
    private let logger: Logger
    private let historian: Historian
    private let verifier = SignatureVerifier()
    private let worker = SerialWorker("scrubber")
    private let progress = Mutex(Progress())

    private struct Progress {
        var state: ScrubState?
        var isStepping = false
        var checked = 0
        var damaged = 0
        var recovered = 0
    }

    private static let stepEvery: TimeAmount = .seconds(10)
    private static let restBetweenRuns: Duration = .seconds(24 * 3600)

    /// - Parameter recordsPerSecond: 0 for no scrub at all.
    init(archive: Archive, recordsPerSecond: Int, historian: Historian, logger: Logger) {
        self.archive = archive
        rate = Atomic(recordsPerSecond)
        self.historian = historian
        self.logger = logger
    }

    /// How many records it reads in a second; 0 for none.
    var recordsPerSecond: Int { rate.load(ordering: .relaxed) }

    /// Changes how many records it reads in a second, from the next step on.
    func setRate(_ recordsPerSecond: Int) { rate.store(recordsPerSecond, ordering: .relaxed) }

    /// Begins, or goes on where the last process stopped.
    ///
    /// - Parameter lost: told each value whose record was damaged, so that a good copy can be looked for.
    func begin(on eventLoop: any EventLoop, lost: @escaping @Sendable (ScrubDamage.Lost) -> Void) {
        eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: Scrubber.stepEvery) { [self] _ in
            guard recordsPerSecond > 0 else { return }
            let isIdle = progress.withLock { progress in
                defer { progress.isStepping = true }
                return !progress.isStepping
            }
            guard isIdle else { return }
            worker.submit { [self] in
                step(at: ClockReading.now().wall, lost)
                progress.withLock { $0.isStepping = false }
            }
        }
    }

    /// The name of the task.
    static let task = "scrub"

    /// Begins a run with the next step, if none is under way; `false` if this node does not scrub.
    func runNow() -> Bool {
        guard recordsPerSecond > 0 else { return false }
        worker.submit { [self] in
            guard var state = try? knownState(), state.run == nil else { return }
            let now = ClockReading.now().wall
            state.begin("scrub \(now.iso8601(fractionDigits: 0))", at: now)
            progress.withLock { $0.state = state }
        }
        return true
    }

    private func step(at now: Instant, _ lost: (ScrubDamage.Lost) -> Void) {
        do throws(ArchiveError) {
            var state = try knownState()
            if state.run == nil {
                if let finished = state.finishedAt, finished <= now, now - finished < Scrubber.restBetweenRuns {
                    return progress.withLock { $0.state = state }
                }
                state.begin("scrub \(now.iso8601(fractionDigits: 0))", at: now)
            }
            let step = try archive.scrub(
                from: state.cursor, limit: recordsPerSecond * Int(Scrubber.stepEvery.nanoseconds / 1_000_000_000),
                at: now, begunAt: state.startedAt ?? now, verifier)
            state.take(step, at: now)
            progress.withLock { progress in
                progress.state = state
                progress.checked += step.checked
                progress.damaged += step.damaged.count
            }
            for damage in step.damaged { tell(damage, lost) }
            if !step.damaged.isEmpty {
                let records = Words.count(step.damaged.count, "damaged record")
                historian.note(
                    .damageFound,
                    "The scrub found \(records); the log names \(step.damaged.count == 1 ? "it" : "them").")
            }
            try archive.saveScrubState(state)
            try archive.saveJobs(jobs)
            if state.run == nil { logger.info("The archive was read again: \(state.finishedChecked) records") }
        } catch {
            logger.error("The archive could not be checked further: \(error)")
        }
    }

    private func knownState() throws(ArchiveError) -> ScrubState {
        if let state = progress.withLock({ $0.state }) { return state }
        return try archive.scrubState()
    }

    private func tell(_ damage: ScrubDamage, _ lost: (ScrubDamage.Lost) -> Void) {
        let what =
            archive.isReadOnly
            ? "A damaged record was found, and nothing can be written" : "A damaged record was put into quarantine"
        logger.error("\(what): \(damage.table) \(Hex.encode(damage.key)) \(damage.fault)")
        if let value = damage.value { lost(value) }
    }

    /// Counts a value that the network had a good copy of.
    func noteRecovery(of value: ScrubDamage.Lost) {
        logger.notice("The network had a good copy of \(value.id) under \(value.target), which is kept again")
        progress.withLock { $0.recovered += 1 }
    }

    /// What it has done since the node was started.
    var counters: [String: Int] {
        progress.withLock {
            ["scrub.checked": $0.checked, "scrub.damaged": $0.damaged, "scrub.recovered": $0.recovered]
        }
    }

    /// What it does again and again.
    var jobs: [JobReport] {
        guard recordsPerSecond > 0, let state = progress.withLock({ $0.state }) else { return [] }
        let last = state.startedAt ?? state.finishedAt
        let due = state.run == nil ? state.finishedAt.map { $0 + Scrubber.restBetweenRuns } : last
        return [
            JobReport(
                name: Scrubber.task, due: due ?? .distantPast, lastRun: last,
                lastResult: "\(state.checked) records read in this run, \(state.finishedChecked) in the last",
                budget: "\(recordsPerSecond) records a second")
        ]
    }

    /// How far it is; `nil` before the first step.
    var status: NodeStatus.Scrub? {
        let (state, recovered) = progress.withLock { ($0.state, $0.recovered) }
        guard let state else { return nil }
        return NodeStatus.Scrub(
            started: state.startedAt, checked: state.checked, damaged: state.damaged, recovered: recovered,
            lastFinished: state.finishedAt, lastChecked: state.finishedChecked, lastDamaged: state.finishedDamaged)
    }

    /// Waits for the step under way, and ends the thread.
    func shutdown() async { await worker.stop() }
}
