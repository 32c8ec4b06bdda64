internal import Archive
internal import DHTCore
internal import IPv8
internal import Kademlia
internal import Logging
internal import Maintenance
internal import NIOCore
internal import Platform
internal import Synchronization

/// Notes what happens, on a thread of its own: the main figures once a minute, and events when they come.
///
/// Nothing waits for it, and what it cannot write is lost: a history is not worth an error in what it tells of.
final class Historian: Sendable {
    private let archive: Archive
    private let logger: Logger
    private let worker = SerialWorker("history", isBackground: true)
    private let isBusy = Atomic(false)
    private let waitingEvents = Atomic(0)
    private let state = Mutex(State())

    private struct State {
        /// What counted figures came to at the last sample.
        var totals: [HistoryFigure: Int]?
        var ready = Duration.zero
        var lookedAt: Duration?
        /// The alerts that are raised, with what was said of each.
        var alerts: [String: String] = [:]
        var problems: Set<String> = []
        var pins: PinnedReplicas?
        var pinsTold = PinSummary()
        var failures = RareWarning()
    }

    private static let sampleEvery: TimeAmount = .seconds(60)
    private static let lookEvery: TimeAmount = .seconds(5)
    /// More events than this do not wait for a disk that hangs.
    private static let waitingEventsMax = 256
    /// Reasons that are part of every start.
    private static let quotas: Set<NodeHealth.Code> = [.archiveFull, .shareFull, .diskFull]
    private static let passing: Set<NodeHealth.Code> = [.stopping, .noContactsYet, .tableRecovering]

    /// How long a round of looking for all pinned keys takes.
    private let pinRound: Duration

    init(archive: Archive, pinRound: Duration, logger: Logger) {
        self.pinRound = pinRound
        self.archive = archive
        self.logger = logger
    }

    /// Notes the start, and begins to look and to sample until the event loop ends.
    func begin(on eventLoop: any EventLoop, _ observer: NodeObserver) {
        worker.submit { [self] in noteStart() }
        eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: Historian.lookEvery) { [self] _ in
            unlessBusy { historian in historian.look(observer.health, observer.watch.problems) }
        }
        eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: Historian.sampleEvery) { [self] _ in
            Task { [self] in
                let reading = await observer.reading()
                worker.submit { [self] in sample(reading, longestLag: observer.pulse.takeLongestLag()) }
            }
        }
    }

    /// How many replicas pinned keys have, as of the last sample; `nil` before the first.
    var pinnedReplicas: PinnedReplicas? { state.withLock(\.pins) }

    /// Looks do not wait for each other.
    private func unlessBusy(_ body: @escaping @Sendable (Historian) -> Void) {
        guard !isBusy.exchange(true, ordering: .acquiringAndReleasing) else { return }
        worker.submit(
            { [self] in
                body(self)
                isBusy.store(false, ordering: .releasing)
            }, ifStopped: {})
    }

    // MARK: Events

    /// Notes an event, soon.
    func note(_ kind: StoredEvent.Kind, code: String? = nil, _ text: String) {
        let now = ClockReading.now().wall
        guard waitingEvents.wrappingAdd(1, ordering: .relaxed).newValue <= Historian.waitingEventsMax else {
            return _ = waitingEvents.wrappingSubtract(1, ordering: .relaxed)
        }
        worker.submit { [self] in
            waitingEvents.wrappingSubtract(1, ordering: .relaxed)
            write(kind, code: code, text, at: now)
        }
    }

    private func write(_ kind: StoredEvent.Kind, code: String? = nil, _ text: String, at now: Instant) {
        orWarn { () throws(ArchiveError) in try archive.note(kind, code: code, text, at: now) }
    }

    private func noteStart() {
        let now = ClockReading.now().wall
        if let end = (try? archive.uncleanEnd()) ?? nil {
            let text =
                "The last run ended without stopping; it was last known to run at \(end.iso8601(fractionDigits: 0))."
            logger.notice("\(text)")
            write(.uncleanEnd, text, at: now)
        }
        tellRestored()
        tellFarAhead(now)
        write(.started, "Bristlecone \(Release.version) started.", at: now)
    }

    /// Says that the folder was restored since the last run: `restore` itself has no log.
    private func tellRestored() {
        guard let last = (try? archive.events(limit: 1))?.first, last.kind == .restored else { return }
        logger.notice("\(last.text)", metadata: ["audit": "restore"])
    }

    /// A clock that is far ahead lets values expire, and no value that it dates can be replaced until the real time is there.
    private func tellFarAhead(_ now: Instant) {
        guard let last = (try? archive.lastKnownRun()) ?? nil, now - last > Historian.aheadIgnored else { return }
        let days = (now - last).components.seconds / 86_400
        let text =
            "The machine's clock shows \(now.iso8601(fractionDigits: 0)), \(days) days after the last trace of this node in its "
            + "archive. If the node was not off for so long, the clock is wrong: stop the node, set the clock, and start it again."
        logger.warning("\(text)")
        write(.clockStep, text, at: now)
    }

    /// Nobody is asked about the clock after a shorter time.
    private static let aheadIgnored: Duration = .seconds(30 * 86_400)

    /// Notes which alerts are raised and which are over.
    private func look(_ health: NodeHealth, _ problems: [String]) {
        let now = SystemClock.sinceBoot
        let reasons = health.reasons.filter { !Historian.passing.contains($0.code) }
        let (old, oldProblems) = state.withLock { state in
            if health.isReady, let last = state.lookedAt { state.ready += now - last }
            state.lookedAt = now
            defer {
                state.alerts = Dictionary(uniqueKeysWithValues: reasons.map { ($0.code.rawValue, $0.message) })
                state.problems = Set(problems)
            }
            return (state.alerts, state.problems)
        }
        let wall = ClockReading.now().wall
        for reason in reasons where old[reason.code.rawValue] == nil {
            let isQuota = Historian.quotas.contains(reason.code)
            write(isQuota ? .quotaReached : .alertRaised, code: reason.code.rawValue, reason.message, at: wall)
        }
        for (code, message) in old.sorted(by: { $0.key < $1.key })
        where !reasons.contains(where: { $0.code.rawValue == code }) {
            write(.alertCleared, code: code, "This is over: \(message)", at: wall)
        }
        // What the health does not tell of.
        let told = Set(reasons.map(\.message)).union(old.values)
        for problem in problems where !oldProblems.contains(problem) && !told.contains(problem) {
            write(.alertRaised, code: "data_folder", problem, at: wall)
        }
        for problem in oldProblems.sorted() where !problems.contains(problem) && !told.contains(problem) {
            write(.alertCleared, code: "data_folder", "This is over: \(problem)", at: wall)
        }
    }

    // MARK: Samples

    private func sample(_ reading: NodeReading, longestLag: Duration) {
        let pins = try? archive.pinnedReplicas(wanted: RepublishKeeper.copiesMin)
        let totals = reading.totals
        var figures = reading.levels
        state.withLock { state in
            state.pins = pins ?? state.pins
            for (figure, total) in totals {
                // What only the event loop knows may be missing once.
                let before = state.totals?[figure] ?? 0
                figures[figure] = max(0, total - before)
            }
            // The numbers of changes go on over restarts.
            if state.totals == nil { figures[.changes] = 0 }
            state.totals = (state.totals ?? [:]).merging(totals) { $1 }
            figures[.readySeconds] = min(60, Int(state.ready.seconds.rounded()))
            state.ready = .zero
        }
        if let pins { tell(pins) }
        figures[.endangeredPins] = (pins?.few ?? 0) + (pins?.none ?? 0)
        figures[.loopLagMilliseconds] = Int(longestLag.nanoseconds / 1_000_000)
        let moment = reading.moment
        orWarn { [figures] () throws(ArchiveError) in
            try archive.add(figures, at: moment.now, clockIsSteady: moment.isSteady)
        }
    }

    /// One line for a round in which it has changed how many pinned keys may get lost.
    private func tell(_ pins: PinnedReplicas) {
        let now = SystemClock.sinceBoot
        let sentence = state.withLock { $0.pinsTold.next(pins, at: now, round: pinRound) }
        guard let sentence else { return }
        if pins.few + pins.none > 0 { logger.warning("\(sentence)") } else { logger.notice("\(sentence)") }
    }

    private func orWarn(_ body: () throws(ArchiveError) -> Void) {
        do throws(ArchiveError) {
            try body()
        } catch {
            let times = state.withLock { $0.failures.next(at: ClockReading.now().sinceBoot) }
            if let times { logger.warning("The node's history cannot be written: \(error)\(times)") }
        }
    }

    /// Reads from the history.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Archive) throws(ArchiveError) -> Value
    ) async throws(NodeError) -> Value {
        try await worker.attempt { [archive] () throws(ArchiveError) in try body(archive) }
    }

    /// Notes the end, and ends the thread.
    func shutdown() async {
        await worker.run { [self] in write(.stopped, "The node stopped.", at: ClockReading.now().wall) }
        await worker.stop()
    }
}

extension NodeReading {
    /// What goes up and down.
    fileprivate var levels: [HistoryFigure: Int] {
        let contacts = snapshot?.endpoints.flatMap(\.contacts) ?? []
        return [
            .contacts: contacts.count,
            .goodContacts: contacts.count { $0.status(at: snapshot?.now ?? .distantPast) == .good },
            .archivedValues: statistics?.values ?? 0, .archivedKeys: statistics?.keys ?? 0,
            .liveBytes: statistics?.liveBytes ?? 0, .freeBytes: freeBytes,
            .dueKeys: snapshot?.upkeep.dueKeys ?? 0, .lateKeys: snapshot?.upkeep.lateKeys ?? 0,
            .memoryBytes: process.residentBytes ?? 0, .openFiles: process.openFiles ?? 0,
        ]
    }

    /// What only grows. What is not known now is missing.
    fileprivate var totals: [HistoryFigure: Int] {
        func sum(_ direction: MessageTraffic.Direction, _ count: (MessageTraffic) -> Int) -> Int {
            traffic.reduce(0) { $1.direction == direction ? $0 + count($1) : $0 }
        }
        func received(_ kinds: [MessageKind]) -> Int {
            traffic.reduce(0) { sum, row in
                guard row.direction == .received, let kind = row.kind, kinds.contains(kind) else { return sum }
                return sum + row.datagrams
            }
        }
        func sum(_ prefix: String) -> Int {
            keeping.reduce(0) { $1.key.hasPrefix(prefix) ? $0 + $1.value : $0 }
        }
        var totals: [HistoryFigure: Int] = [
            .valuesRefused: sum("refused."), .valuesEvicted: sum("evicted."),
            .datagramsReceived: sum(.received, \.datagrams), .bytesReceived: sum(.received, \.bytes),
            .datagramsSent: sum(.sent, \.datagrams), .bytesSent: sum(.sent, \.bytes),
            .introductionRequests: received([.introductionRequest, .introductionRequestV1]),
            .pingRequests: received([.pingRequest]), .findRequests: received([.findRequest]),
            .storeRequests: received([.storeRequest]),
            .peerRequests: received([.storePeerRequest, .connectPeerRequest]),
            .cpuMilliseconds: Int(process.processorTime.nanoseconds / 1_000_000),
        ]
        if let statistics { totals[.changes] = Int(clamping: statistics.journalLast) }
        if let counters = snapshot?.counters {
            totals[.datagramsDropped] = counters.dropped.values.reduce(0, +)
            totals[.requestsTimedOut] = counters.timeouts
            totals[.lookups] = counters.lookups.values.reduce(0, +)
            totals[.republishedKeys] = counters.keysRepublished
            totals[.unacknowledgedKeys] = counters.keysUnacknowledged
            let answered = counters.handled.total
            totals[.answeredRequests] = answered.count
            totals[.answeringMicroseconds] = answered.microseconds
            let received = counters.roundTrips.total
            totals[.receivedResponses] = received.count
            totals[.waitingMicroseconds] = received.microseconds
        }
        return totals
    }
}

extension [UInt8: DurationCounts] {
    /// How many durations there are over all kinds of messages, and their microseconds together.
    fileprivate var total: (count: Int, microseconds: Int) {
        values.reduce((0, 0)) { sum, counts in
            (sum.0 + counts.counts.reduce(0, +), sum.1 + Int(counts.total.nanoseconds / 1000))
        }
    }
}
