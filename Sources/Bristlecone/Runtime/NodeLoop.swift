internal import Archive
internal import DHTCore
internal import IPv8
internal import Kademlia
internal import Logging
internal import Maintenance
internal import NIOCore
internal import Synchronization

/// Carries out what the core wants: the shell around ``DHTCore/Node``.
///
/// One event loop owns it, the sockets and the core. Datagrams come in bursts: each is given to the core as it is read,
/// what the core wants done is gathered, and at the end of the burst goes to the workshop and to the archive in one go.
///
/// `@unchecked Sendable`: confined to its event loop. What stands below "From elsewhere" may be called from other
/// threads, and goes there first; ``moment`` is behind a lock.
final class NodeLoop: @unchecked Sendable {
    let eventLoop: any EventLoop
    let localCaller: LocalCaller?
    private let sockets: [AddressFamily: DatagramSocket]
    let workshop: Workshop
    let commits: GroupCommit
    let index: IndexKeeper
    private let housekeeper: Housekeeper
    let upkeep: RepublishKeeper
    var acknowledgesEarly: Bool
    private let historian: Historian
    private let events: EventHub
    let servedFor: Duration
    let logger: Logger

    private(set) var node: Node
    /// The clock is also read by the thread that writes the archive.
    private let clock: Mutex<NodeClock>
    private var effects: [Effect] = []
    private var work = Gathered()
    private var strangersWork = Gathered()
    /// The lane of what follows from the input that is being dealt with.
    private(set) var lane = Lane.known
    private var timer: (at: Instant, task: Scheduled<Void>)?
    private var commands: [CommandID: CheckedContinuation<CommandOutcome?, Never>] = [:]
    private let commandCount = Atomic<UInt64>(0)
    private(set) var isStopping = false
    /// Whether nobody else is heard any more: an event loop that has ended drops what it is given, without a word to who
    /// waits for it.
    private let isDeaf = Mutex(false)
    private var shortages = RareWarning()
    private var failedCommits = RareWarning()
    private var failedLoads = RareWarning()
    private var versionsAhead = RareWarning()
    var twins = TwinWarning()
    /// The highest version that was given to a value of this node since its start.
    private(set) var highestVersion: Version?

    /// What a loop needs to have been made before it.
    struct Parts {
        var sockets: [AddressFamily: DatagramSocket]
        var workshop: Workshop
        var commits: GroupCommit
        var index: IndexKeeper
        var housekeeper: Housekeeper
        var upkeep: RepublishKeeper
        var historian: Historian
        var acknowledgesEarly: Bool
        var events: EventHub
        /// The time of the newest change in the archive.
        var newestChange: Instant?
        var logger: Logger
    }

    init(_ configuration: NodeConfiguration, _ parts: Parts, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        sockets = parts.sockets
        workshop = parts.workshop
        commits = parts.commits
        index = parts.index
        housekeeper = parts.housekeeper
        upkeep = parts.upkeep
        historian = parts.historian
        acknowledgesEarly = parts.acknowledgesEarly
        events = parts.events
        servedFor = configuration.servedFor
        localCaller = configuration.callsLocalNetwork ? parts.sockets[.ipv4].map(LocalCaller.init) : nil
        logger = parts.logger
        let reading = ClockReading.now()
        let clock = NodeClock(reading, newestChange: parts.newestChange)
        node = Node(configuration, at: clock.coreTime(at: reading))
        self.clock = Mutex(clock)
        tellLag(of: clock, at: reading)
    }

    // MARK: In

    /// Gives the core an input; what follows from it is gathered until ``flush()``.
    func take(_ input: Input) {
        guard !isStopping else { return }
        lane = input.lane
        node.handle(input, at: now, into: &effects)
        for effect in effects { carryOut(effect) }
        effects.removeAll(keepingCapacity: true)
    }

    /// Sends away what has been gathered, and sets the timer anew.
    func flush() {
        perform(&work.finish, of: .known, .finish)
        perform(&work.begin, of: .known, .begin)
        perform(&strangersWork.finish, of: .strangers, .finish)
        perform(&strangersWork.begin, of: .strangers, .begin)
        writeCommits()
        setTimer()
    }

    private func perform(_ work: inout [Workshop.Work], of lane: Lane, _ stage: WorkStage) {
        guard !work.isEmpty else { return }
        workshop.perform(work, of: lane, stage, at: moment.now, on: eventLoop) { [self] products in deliver(products) }
        work.removeAll(keepingCapacity: true)
    }

    /// Work of a lane that goes to the workshop at the end of the burst.
    private struct Gathered {
        var finish: [Workshop.Work] = []
        var begin: [Workshop.Work] = []

        mutating func add(_ work: Workshop.Work) {
            switch work.stage {
            case .finish: finish.append(work)
            case .begin: begin.append(work)
            }
        }
    }

    /// Has something done in the workshop at the end of the burst.
    func add(_ work: Workshop.Work, to lane: Lane) {
        switch lane {
        case .known: self.work.add(work)
        case .strangers: strangersWork.add(work)
        }
    }

    private func deliver(_ products: [Workshop.Product]) {
        for product in products {
            switch product {
            case .input(let input): take(input)
            case .failedLoad(let id, let error, let time):
                if let times = failedLoads.next(at: sinceBoot) {
                    logger.error("The archive cannot be read: \(error)\(times)")
                }
                take(.loadFailed(id, took: time))
            }
        }
        flush()
    }

    private func setTimer() {
        guard !isStopping, let wakeUp = node.nextWakeUp, wakeUp != timer?.at else { return }
        timer?.task.cancel()
        let delay = max(wakeUp - now, .zero)
        let task = eventLoop.scheduleTask(in: TimeAmount(delay)) { [self] in
            timer = nil
            take(.timerFired)
            flush()
        }
        timer = (wakeUp, task)
    }

    /// The core's time.
    var now: Instant {
        let reading = ClockReading.now()
        return clock.withLock { $0.coreTime(at: reading) }
    }

    private var sinceBoot: Duration { ClockReading.now().sinceBoot }

    /// What is to be added to the core's moments where they go to the archive or to people.
    var clockOffset: Duration { clock.withLock(\.offset) }

    /// The archive's time, and whether deleting by age can rely on it; may be asked from any thread.
    var moment: ClockMoment {
        let reading = ClockReading.now()
        let (moment, step) = clock.withLock { clock in
            let step = clock.catchUp(reading)
            return (clock.moment(of: reading), step)
        }
        if let step { tellFollowed(step) }
        return moment
    }

    /// How far the archive's time is behind the newest change that was in the archive at the start.
    var clockLag: Duration {
        let reading = ClockReading.now()
        return clock.withLock { $0.lag(at: reading) }
    }

    private func tellLag(of clock: NodeClock, at reading: ClockReading) {
        if let warning = NodeLoop.warning(of: clock.lag(at: reading), at: reading.wall) { logger.warning("\(warning)") }
    }

    private func tellFollowed(_ step: Duration) {
        logger.warning("The machine's clock has been set; this node follows by \(step)")
        historian.note(.clockStep, "The machine's clock was set, and the node followed by \(step).")
    }

    /// Remembers the version of a value of this node, and warns if it is ahead of the clock.
    func noteVersion(_ version: Version, at now: Instant) {
        highestVersion = max(highestVersion ?? version, version)
        guard let warning = NodeLoop.warning(of: version, at: now), let times = versionsAhead.next(at: sinceBoot) else {
            return
        }
        logger.warning("\(warning)\(times)")
    }

    // MARK: Out

    private func writeCommits() {
        commits.write(clock: { [self] in moment }) { [self] completion in
            switch completion {
            case .durable(let outcomes, let shortage):
                if let shortage { tell(shortage) }
                for (id, outcome) in outcomes { take(.commitCompleted(id, outcome)) }
                index.archiveChanged()
            case .failed(let ids, let error):
                if let times = failedCommits.next(at: sinceBoot) {
                    logger.error("The archive cannot be written, so nothing is acknowledged: \(error)\(times)")
                }
                for id in ids { take(.commitCompleted(id, .failed)) }
            }
            flush()
        }
    }

    /// Says why stores are refused, but not with every one of them.
    private func tell(_ shortage: Refusal) {
        guard let times = shortages.next(at: sinceBoot) else { return }
        let (what, remedy) =
            shortage == .quota
            ? ("The archive is as large as it may be", "raise archive.size_limit")
            : ("The disk has no room beyond what archive.disk_reserve keeps free", "make room")
        logger.warning(
            "\(what), so new stores are refused; what is held is served: \(remedy) to have more stored\(times).")
    }

    func tell(_ event: Event) {
        switch event {
        case .commandCompleted(let id, let outcome): commands.removeValue(forKey: id)?.resume(returning: outcome)
        case .addressLearned(let address):
            logger.info("Others see this node at \(address)")
            historian.note(.addressChanged, "Others see this node at \(address).")
        case .contactAdded(let node):
            logger.debug("New contact \(node.address) \(node.publicKey.mid)")
            events.send(.contactAdded(node))
        case .contactLost(let node):
            logger.debug("Lost contact \(node.address) \(node.publicKey.mid)")
            events.send(.contactLost(node))
        }
    }

    func noteSocketError(_ error: any Error) { logger.debug("A datagram could not be read: \(error)") }

    func noteSocketClosed() {
        if !isStopping { logger.critical("A socket has closed by itself; restart the node") }
    }

    /// Does something after what is being done now.
    func runSoon(_ body: @escaping @Sendable (NodeLoop) -> Void) {
        eventLoop.execute { [self] in
            body(self)
            flush()
        }
    }

    // MARK: From elsewhere

    /// Has the loop do something; `nil` where it has stopped.
    func ask<Value: Sendable>(_ body: @escaping @Sendable () -> EventLoopFuture<Value?>) async -> Value? {
        let answer = isDeaf.withLock { $0 ? nil : eventLoop.flatSubmit(body) }
        return try? await answer?.get()
    }

    /// Has the loop do something, of which nobody hears; `false` where it has stopped, and does not.
    @discardableResult
    func submit(_ body: @escaping @Sendable () -> Void) -> Bool {
        isDeaf.withLock { isDeaf in
            if !isDeaf { eventLoop.execute(body) }
            return !isDeaf
        }
    }

    /// Begins to read the sockets, and starts the core.
    func begin() {
        runSoon { loop in
            for socket in loop.sockets.values {
                do {
                    try socket.read(into: loop)
                } catch {
                    loop.logger.error("A socket cannot be read: \(error)")
                }
            }
            loop.take(.timerFired)
        }
        eventLoop.scheduleRepeatedTask(initialDelay: .seconds(60), delay: .seconds(60)) { [self] _ in
            let step = clock.withLock { $0.observe(.now()) }
            housekeeper.minutePassed { [self] in moment }
            if let step { tellFollowed(step) }
        }
    }

    /// Has the core do what a user wants; `nil` where the node stops before it is done, or the task is cancelled. What
    /// has been begun then goes on by itself, and nobody hears of it.
    ///
    /// - Parameter progress: hears a few times a second how far it has come.
    func run(_ command: Command, progress: CommandWatcher? = nil) async -> CommandOutcome? {
        await run(progress: progress) { _ in command }
    }

    /// Has the core do what is made at the moment at which the core hears of it. `nil` too if nothing could be made.
    func run(
        progress: CommandWatcher? = nil, _ make: @escaping @Sendable (NodeLoop) -> Command?
    ) async -> CommandOutcome? {
        let isCancelled = CancellationFlag()
        let id = CommandID(commandCount.wrappingAdd(1, ordering: .relaxed).newValue)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isTaken = submit { [self] in
                    guard !isStopping, !isCancelled.isSet, let command = make(self) else {
                        return continuation.resume(returning: nil)
                    }
                    commands[id] = continuation
                    take(.commandIssued(id, command))
                    flush()
                    if let progress { watch(id, progress) }
                }
                if !isTaken { continuation.resume(returning: nil) }
            }
        } onCancel: {
            isCancelled.set()
            submit { [self] in commands.removeValue(forKey: id)?.resume(returning: nil) }
        }
    }

    /// Tells how far a command has come until it is done.
    private func watch(_ id: CommandID, _ watcher: @escaping CommandWatcher) {
        eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(250)) { [self] task in
            guard commands[id] != nil else { return task.cancel() }
            if let progress = node.progress(of: id) { watcher(NetworkProgress(progress)) }
        }
    }

    /// Looks for a good copy of a value that was damaged here, in the network, and stores it here again.
    ///
    /// It is served for as long as one that somebody has just stored. Who stored the damaged one is not known any more,
    /// but whether it was published here is.
    func recover(_ lost: ScrubDamage.Lost, in archive: Archive) async {
        guard case .found(let outcome)? = await run(.find(lost.target)),
            let copy = outcome.entries.first(where: { $0.id == lost.id })
        else { return }
        let isOurs = (try? archive.isPublished(copy, under: lost.target)) ?? false
        let stranger = copy.signature?.signer.mid ?? Mid(bits: .zero)
        _ = await ask { [self] in
            let provenance: Provenance = isOurs ? .publishedHere : .received(from: stranger, at: .none)
            let store = StoreChange(
                target: lost.target, entries: [copy], expiresAt: moment.now + servedFor,
                provenance: provenance)
            commits.add(GroupCommit.Item(change: .store(store), completion: nil))
            flush()
            return commits.whenIdle().map { Optional(()) }
        }
    }

    /// Tells the core where the bootstrap servers are.
    func trackersResolved(_ addresses: [Address]) {
        submit { [self] in
            take(.trackersResolved(addresses))
            flush()
        }
    }

    /// Stops taking anything in, and waits until what has been taken is durable.
    func stop() async {
        _ = await ask { [self] in
            isStopping = true
            timer?.task.cancel()
            localCaller?.end()
            for (_, continuation) in commands { continuation.resume(returning: nil) }
            commands.removeAll()
            carryOut(.saveContacts(node.contactsToRemember, buckets: node.bucketReports))
            carryOut(.saveJobs(node.jobReports))
            return commits.whenIdle().map { Optional(()) }
        }
        isDeaf.withLock { $0 = true }
    }
}
