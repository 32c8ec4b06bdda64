internal import DHTCore
internal import IPv8
internal import Maintenance
internal import NIOCore

/// What other threads ask the core for.
extension NodeLoop {
    /// What the core knows of the overlay; `nil` where the node stops.
    func overlay() async -> (snapshot: OverlaySnapshot, now: Instant, clockOffset: Duration)? {
        await ask { [self] in
            let overlay = (node.overlaySnapshot, now, clockOffset)
            return eventLoop.makeSucceededFuture(isStopping ? nil : overlay)
        }
    }

    /// Where a peer is that had itself remembered here.
    func registeredPeer(_ mid: Mid) async -> [NodeInfo] {
        await ask { [self] in eventLoop.makeSucceededFuture(node.registeredPeer(mid)) } ?? []
    }

    /// What the core looks like now; `nil` where the node stops.
    func snapshot() async -> NodeSnapshot? {
        await ask { [self] in
            let snapshot = NodeSnapshot(
                endpoints: node.endpoints, counters: node.counters, upkeep: node.republisherSnapshot,
                jobs: node.jobReports,
                now: now, clockOffset: clockOffset, clock: clockStatus)
            return eventLoop.makeSucceededFuture(isStopping ? nil : snapshot)
        }
    }

    /// What the core looks like now, with the archive's own count of due keys if there is one. The republisher knows only its
    /// last list, which is empty until the routing table is good.
    func snapshot(counting counts: ArchiveCounts) async -> NodeSnapshot? {
        guard var snapshot = await snapshot() else { return nil }
        // A start and the first status do not wait until a large archive has been counted.
        guard let due = try? await counts.due.value(within: .seconds(1)) else { return snapshot }
        (snapshot.upkeep.dueKeys, snapshot.upkeep.keptKeys) = (due.total, due.kept)
        snapshot.upkeep.nextDue = due.nextDue.map { $0 - snapshot.clockOffset }
        return snapshot
    }
}

/// What a core looks like at one moment.
struct NodeSnapshot: Sendable {
    var endpoints: [EndpointSnapshot]
    var counters: Counters
    var upkeep: RepublisherSnapshot
    var jobs: [JobReport]
    /// The core's time.
    var now: Instant
    /// What is to be added to the core's moments for people.
    var clockOffset: Duration
    /// How the clock stands to the archive.
    var clock: NodeStatus.Clock
}
