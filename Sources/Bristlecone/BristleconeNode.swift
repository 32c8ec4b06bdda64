internal import Archive
public import CoreMetrics
internal import DHTCore
internal import Glibc
public import IPv8
internal import Kademlia
public import Logging
internal import Maintenance
internal import NIOCore
internal import NIOPosix
internal import Platform
internal import PrometheusText
internal import Synchronization

/// A running node of the DHT, with its archive.
///
///     var settings = NodeSettings()
///     settings.dataFolder = "notes"
///     let node = try await BristleconeNode.start(settings)
///     try await node.waitForContacts()
///     let key = Target(hashing: "greeting")
///     try await node.storeValue(key: key, data: Array("hello".utf8), signed: true)
///     let found = try await node.findValues(key: key)
///     await node.shutdown()
///
/// Several nodes may run in one process, each with a data folder and an address of its own. All methods may be called from
/// any task, many at once. A task that is cancelled gets its ``NodeError`` at once; packets that were sent by then are not
/// taken back.
public final class BristleconeNode: Sendable {
    let folder: DataFolder
    let archive: Archive
    let threads: NodeThreads
    let loop: NodeLoop
    let publisher: BulkPublisher
    let counts: ArchiveCounts
    private let trackers: TrackerResolver
    private let watch: FolderWatch
    private let joining: NodeStatus.Joining
    private let refusals: SendRefusals
    private let trafficMeter: TrafficMeter
    private let eventHub = EventHub()
    let collector: MetricsCollector
    private let pulse: Pulse
    /// How values are kept alive.
    let settings: UpkeepSettings
    /// With more contacts than this, the node leaves it to others to introduce newcomers; 0 for no limit.
    package let peerLimit: Int
    /// Whether the node began to use its key with this start, and publishes anew what it published under another.
    private let hasNewKey: Bool
    private let startedAt = ContinuousClock.now
    /// What ends the node, once somebody has asked for it.
    private let ending = Mutex<Task<Void, Never>?>(nil)

    /// Starts a node. When this returns, it has its sockets and its archive and takes part in the overlay, but it may not
    /// know any other node yet: see ``waitForContacts(_:within:)``. A start that fails leaves nothing behind.
    ///
    /// - Parameters:
    ///   - settings: taken as they are; nobody checks them against each other.
    ///   - logger: where the node logs; nowhere by default.
    ///   - metrics: where it records durations of commits and delays of its event loop, besides ``metrics()``. What it only
    ///     counts is there alone.
    public static func start(
        _ settings: NodeSettings, logger: Logger = Logger(label: "bristlecone") { _ in SwiftLogNoOpLogHandler() },
        metrics: (any MetricsFactory)? = nil
    ) async throws(NodeError) -> BristleconeNode {
        try refuseLateClock(ClockReading.now().wall)
        try FileLimit.check()
        let folder: DataFolder
        do {
            folder = try DataFolder.open(settings.dataFolder)
        } catch {
            throw NodeError(error)
        }
        for warning in folder.warnings { logger.warning("\(warning)") }
        do {
            return try await BristleconeNode(folder, settings, logger, metrics)
        } catch {
            folder.abandon()
            throw error
        }
    }

    /// A clock that shows such a time is wrong, and what it signs could never be replaced.
    static func refuseLateClock(_ wall: Instant) throws(NodeError) {
        guard wall > NodeClock.latest else { return }
        throw NodeError(
            .clockWrong,
            "The machine's clock shows a time after \(NodeClock.latest.iso8601(fractionDigits: 0)), which versions of values cannot "
                + "express: set the clock, and start the node again.")
    }

    private init(
        _ folder: DataFolder, _ settings: NodeSettings, _ logger: Logger, _ metrics: (any MetricsFactory)?
    ) async throws(NodeError) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let refusals = SendRefusals(logger: logger)
        let trafficMeter = TrafficMeter()
        var sockets: [AddressFamily: DatagramSocket] = [:]
        do {
            sockets = try await BristleconeNode.bind(
                settings.listen, on: eventLoop, broadcasts: settings.callsLocalNetwork, refusals: refusals,
                traffic: trafficMeter)
            archive = try BristleconeNode.openArchive(in: folder, settings, logger)
            hasNewKey = try BristleconeNode.checkOwner(of: archive, folder, logger)
        } catch {
            for socket in sockets.values { await socket.close() }
            try? await group.shutdownGracefully()
            throw error
        }
        self.folder = folder
        joining = NodeStatus.Joining(
            peers: settings.peers, asksBootstrapServers: settings.bootstrap && !settings.bootstrapServers.isEmpty,
            callsLocalNetwork: settings.callsLocalNetwork)
        self.settings = settings.upkeep
        peerLimit = settings.peerLimit
        self.refusals = refusals
        self.trafficMeter = trafficMeter
        let collector = MetricsCollector(NodeMetric.all)
        self.collector = collector
        pulse = Pulse(
            NodeInstruments(metrics.map { MultiplexMetricsHandler(factories: [collector, $0]) } ?? collector))
        threads = NodeThreads(
            group: group, sockets: sockets, archive: archive, key: folder.identity, settings: settings, logger: logger)
        loop = NodeLoop(
            BristleconeNode.configuration(folder, settings, archive, sockets, logger),
            NodeLoop.Parts(
                sockets: sockets, workshop: threads.workshop,
                commits: GroupCommit(
                    archive: archive, writer: threads.writer, events: eventHub, pulse: pulse, eventLoop: eventLoop),
                index: threads.index, housekeeper: threads.housekeeper, upkeep: threads.upkeep,
                historian: threads.historian, acknowledgesEarly: settings.relaxedDurability, events: eventHub,
                newestChange: (try? archive.newestChange()) ?? nil,
                logger: logger),
            on: eventLoop)
        publisher = BulkPublisher(loop, archive)
        counts = ArchiveCounts(archive) { [loop] in loop.moment }
        counts.begin()
        watch = FolderWatch(folder: folder, archive: archive, index: threads.index, events: eventHub, logger: logger)
        trackers = TrackerResolver(settings.bootstrap ? settings.bootstrapServers : [], logger: logger)
        begin(on: eventLoop)
        if hasNewKey { Task { [weak self] in await self?.publishUnderNewKey(logger) } }
    }

    /// Starts everything that runs until the node ends.
    private func begin(on eventLoop: any EventLoop) {
        threads.index.whenRebuilt { [counts] in counts.restart() }
        threads.index.archiveChanged()
        loop.begin()
        loop.beginPulse(pulse)
        threads.historian.begin(on: eventLoop, observer)
        watch.begin(on: eventLoop)
        threads.scrubber.begin(on: eventLoop) {
            [loop, archive, scrubber = threads.scrubber] lost in
            Task {
                await loop.recover(lost, in: archive)
                let held = (try? archive.records(of: lost.target)) ?? []
                if held.contains(where: { $0.entry.id == lost.id }) { scrubber.noteRecovery(of: lost) }
            }
        }
        trackers.begin { [loop] addresses in loop.trackersResolved(addresses) }
    }

    /// Stops the node. When this returns, everything acknowledged is on disk; so it is for everybody who calls it at the
    /// same time. Every later call throws a ``NodeError``.
    public func shutdown() async {
        let ending = ending.withLock { ending in
            let task = ending ?? Task { await end() }
            ending = task
            return task
        }
        await ending.value
    }

    private func end() async {
        trackers.end()
        publisher.end()
        await loop.stop()
        await counts.shutdown()
        await threads.shutdown()
        archive.close()
        folder.close()
        eventHub.close()
    }

    /// What happens in the node from now on, until it ends.
    ///
    /// - Parameter bufferSize: how many events may wait to be read. If there are more, the oldest are dropped, and
    ///   ``NodeEvent/missed(count:)`` tells how many.
    public func events(bufferSize: Int = 256) -> NodeEvents { eventHub.events(bufferSize: bufferSize) }

    // MARK: Using the node

    /// Stores a value in the archive and on the nodes closest to its key, and republishes it until it is withdrawn.
    ///
    /// - Parameters:
    ///   - key: where others look for it.
    ///   - data: at most 169 bytes unsigned; signed with a curve25519 key, at most 23.
    ///   - signed: whether the node signs it, so that a later value of this node can replace it and nobody else's can. Its
    ///     version is the time in seconds, or the number after the node's last version under the key if that is higher.
    /// - Returns: how many nodes were asked to store it, and how many did. With none, this node alone has the value until
    ///   it republishes it.
    @discardableResult
    public func storeValue(key: Target, data: [UInt8], signed: Bool) async throws(NodeError) -> StoreReport {
        try await storeValue(key: key, data: data, signed: signed, progress: nil)
    }

    /// Stores a value, and tells how far that has come.
    package func storeValue(
        key: Target, data: [UInt8], signed: Bool, progress: CommandWatcher?
    ) async throws(NodeError) -> StoreReport {
        let begun = ContinuousClock.now
        let level = signed ? folder.identity.publicKey.level : nil
        if let refusal = ValueLimit.refusal(byteCount: data.count, signedWith: level) { throw refusal }
        try refuseBlocked(key, signer: signed ? folder.identity.publicKey.mid : nil)
        let version: Version?
        let outcome: CommandOutcome?
        if signed {
            let published = try await loop.publish(
                data, under: key, signedBy: folder.identity, progress: progress)
            (version, outcome) = (published.entry.signature?.version, published.outcome)
        } else {
            guard let entry = try? Entry(unsigned: data) else {
                throw NodeError(.valueTooLong, "The value is too long.")
            }
            (version, outcome) = (nil, await loop.run(.publish(key, entry), progress: progress))
        }
        switch outcome {
        case .published(let outcome)?:
            return StoreReport(
                key: key, version: version?.number, asked: outcome.askedCount, acknowledged: outcome.acknowledgedCount,
                duration: ContinuousClock.now - begun)
        case .publishRefused(let outcome)?: throw NodeError(outcome)
        case let other: throw NodeError(unfinished: other)
        }
    }

    /// Finds the values under a key, in the overlay and in the node's own archive.
    public func findValues(key: Target) async throws(NodeError) -> FindReport {
        try await findValues(key: key, progress: nil)
    }

    /// Finds the values under a key, and tells how far that has come.
    package func findValues(key: Target, progress: CommandWatcher?) async throws(NodeError) -> FindReport {
        let begun = ContinuousClock.now
        switch await loop.run(.find(key), progress: progress) {
        case .found(let outcome)?:
            return FindReport(
                key: key, values: outcome.entries.map(FoundValue.init), asked: outcome.askedCount,
                answered: outcome.answeredCount, withValues: outcome.holderCount,
                duration: ContinuousClock.now - begun)
        case let other: throw NodeError(unfinished: other)
        }
    }

    /// The values under a key that this node serves to others.
    public func localValues(key: Target) async throws(NodeError) -> FindReport {
        let begun = ContinuousClock.now
        do throws(ArchiveError) {
            let values = try archive.page(of: key, offset: 0, limit: .max, at: loop.moment.now)
            return FindReport(
                key: key, values: values.compactMap { try? Entry(bytes: $0) }.map(FoundValue.init), asked: 0,
                answered: 0, withValues: 0, duration: ContinuousClock.now - begun)
        } catch {
            throw NodeError(error)
        }
    }

    /// Copies archive, identity and configuration to a new folder while the node goes on. If the node stops, so does the
    /// backup.
    ///
    /// - Parameters:
    ///   - folder: an absolute path, in a folder that exists.
    ///   - withIdentity: whether the private key is copied too.
    public func backUp(to folder: String, withIdentity: Bool = true) async throws(NodeError) -> BackupReport {
        do throws(BackupError) {
            let report = try await threads.copier.run { [archive, data = self.folder] (isStopped) throws(BackupError) in
                let now = ClockReading.now().wall
                return try BackupWriter(
                    archive: archive, dataFolder: data, at: now, withIdentity: withIdentity, unless: isStopped
                )
                .write(to: folder)
            }
            threads.historian.note(.backupMade, "A backup was written to \(folder).")
            return report
        } catch {
            throw NodeError(error)
        }
    }

    /// What looks at all parts of the node.
    var observer: NodeObserver {
        NodeObserver(
            loop: loop, archive: archive, scrubber: threads.scrubber, refusals: refusals, traffic: trafficMeter,
            watch: watch, pulse: pulse, historian: threads.historian, counts: counts,
            startedAt: startedAt,
            isStopping: { [weak self] in self?.ending.withLock { $0 != nil } ?? true })
    }

    /// The state of the node: addresses, contacts, archive, problems and counters.
    public func status() async -> NodeStatus {
        let snapshot = await loop.snapshot(counting: counts)
        return NodeStatus(
            processID: getpid(), uptime: ContinuousClock.now - startedAt, publicKey: folder.identity.publicKey,
            endpoints: snapshot?.endpoints.map { NodeStatus.Endpoint($0, at: snapshot?.now ?? .distantPast) } ?? [],
            joining: joining, contacts: snapshot.map(NodeStatus.Contact.all) ?? [],
            archive: NodeStatus.Storage(archive),
            clock: snapshot?.clock ?? NodeStatus.Clock(), scrub: threads.scrubber.status,
            upkeep: snapshot.map(upkeepStatus), problems: watch.problems, warnings: await warnings(),
            room: await room(), traffic: await bandwidth(), lastBackup: await lastBackup(),
            counters: (snapshot?.counters.named ?? [:]).merging(archiveCounters) { $1 }
                .merging(threads.scrubber.counters) { $1 }.merging(refusals.counters) { $1 })
    }

    /// Datagrams and bytes by kind of message and direction since the node started: received before sent of each kind, and
    /// datagrams that are no message of this overlay last.
    package var traffic: [MessageTraffic] { trafficMeter.traffic }
}
