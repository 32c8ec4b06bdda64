internal import Archive
internal import DHTCore
internal import IPv8
internal import Maintenance

/// What the republisher has done and has before it.
extension BristleconeNode {
    /// What is due to be stored again, how much traffic that is, and how long it takes.
    package func plan() async throws(NodeError) -> PlanReport {
        guard let snapshot = await loop.snapshot() else {
            throw NodeError.notRunning
        }
        return PlanReport(
            try await counts.due.value(), phase: snapshot.upkeep.phase, nodes: snapshot.upkeep.nodes,
            interval: settings.ofArchive.interval,
            packetsPerSecond: settings.packetsPerSecond)
    }

    /// How well the DHT holds each pinned key, in the order of keys. A pinned signer counts with all its keys.
    public func replicaHealth() async throws(NodeError) -> [ReplicaHealth] {
        try await threads.housekeeper.run { (archive) throws(ArchiveError) in
            try archive.health(of: try archive.pinnedTargets().sorted())
        }
    }

    /// A part of the pins, with how well the DHT holds each pinned key.
    package func pinReports(from place: [UInt8]?, limit: Int) async throws(NodeError) -> Page<PinReport> {
        let pins = try await pins(from: place, limit: limit)
        let keys = pins.items.compactMap(\.key)
        let health = try await threads.housekeeper.run { (archive) throws(ArchiveError) in
            try archive.health(of: keys)
        }
        let known = Dictionary(health.map { ($0.key, $0) }) { first, _ in first }
        return Page(
            items: pins.items.map { PinReport($0, replicas: $0.key.flatMap { known[$0] }) }, next: pins.next)
    }

    /// A part of the keys under which a signer has values, with how well the DHT holds each if it was looked for.
    package func keyReports(
        of signer: Mid, from place: [UInt8]?, limit: Int
    ) async throws(NodeError) -> Page<PinReport> {
        let last = place.flatMap { Bits160($0[...]) }.map { Target(bits: $0) }
        let health = try await threads.housekeeper.run { (archive) throws(ArchiveError) in
            try archive.health(of: try archive.targets(signedBy: signer, after: last, limit: limit))
        }
        let next = health.count == limit ? health.last.map { Hex.encode($0.key.bytes) } : nil
        return Page(items: health.map { PinReport(.key($0.key), replicas: $0) }, next: next)
    }

    /// Runs one of the recurring tasks now, by the name that it has in ``NodeStatus``.
    package func runTask(_ name: String) async throws(NodeError) {
        switch name {
        case Housekeeper.sweepTask, Housekeeper.wipeTask: threads.housekeeper.minutePassed { [loop] in loop.moment }
        case Scrubber.task:
            guard threads.scrubber.runNow() else {
                throw NodeError(.notFound, "This node does not scrub: set archive.scrub_rate.")
            }
        default:
            switch await loop.run(.runTask(name)) {
            case .taskPlanned?: return
            case .noSuchTask?:
                throw NodeError(.notFound, "No task has the name \(quoted(name)), or it runs with every commit.")
            case let other: throw NodeError(unfinished: other)
            }
        }
    }

    /// The republisher's state and all recurring tasks: the core's, and those of the archive.
    func upkeepStatus(_ snapshot: NodeSnapshot) -> NodeStatus.Upkeep {
        let upkeep = snapshot.upkeep
        let jobs =
            snapshot.jobs.map { $0.moved(by: snapshot.clockOffset) } + threads.housekeeper.jobs
            + threads.scrubber.jobs
        return NodeStatus.Upkeep(
            phase: upkeep.phase.rawValue, dueKeys: upkeep.dueKeys, keptKeys: upkeep.keptKeys,
            waitingKeys: upkeep.waitingKeys, activeArcs: upkeep.activeArcs, nodes: upkeep.nodes,
            nextDue: upkeep.nextDue.map { $0 + snapshot.clockOffset },
            jobs: jobs.sorted { $0.name < $1.name }.map { job in
                NodeStatus.RecurringTask(
                    name: job.name, due: job.due, lastRun: job.lastRun, lastResult: job.lastResult, budget: job.budget)
            })
    }
}

extension Archive {
    fileprivate func health(of targets: [Target]) throws(ArchiveError) -> [ReplicaHealth] {
        try targets.map { (target) throws(ArchiveError) in ReplicaHealth(target, try republishState(of: target)) }
    }
}

extension PlanReport {
    /// Foretells what a list of due keys takes.
    init(_ list: DueKeys, phase: RepublisherSnapshot.Phase, nodes: Int, interval: Duration, packetsPerSecond: Int) {
        var limits = RepublishLimits()
        limits.packetsPerSecond = packetsPerSecond
        let forecast = Forecast(
            list, nodes: nodes, interval: interval, limits: limits, tableIsGood: phase == .working || phase == .idle)
        self.init(
            phase: phase.rawValue, dueKeys: forecast.dueKeys, keptKeys: forecast.keptKeys, nodes: forecast.nodes,
            packets: forecast.packets, keysPerSecond: forecast.keysPerSecond, duration: forecast.duration,
            interval: interval, keysBeyondCapacity: forecast.keysBeyondCapacity, nextDue: list.nextDue)
    }
}
