internal import Archive
internal import DHTCore
internal import IPv8
internal import Maintenance
internal import Platform
internal import Synchronization

/// Looks at all parts of a node and changes none. What it reads are counts that exist anyway, so it costs the same however much
/// the archive holds.
struct NodeObserver: Sendable {
    let loop: NodeLoop
    let archive: Archive
    let scrubber: Scrubber
    let refusals: SendRefusals
    let traffic: TrafficMeter
    let watch: FolderWatch
    let pulse: Pulse
    let historian: Historian
    let counts: ArchiveCounts
    let startedAt: ContinuousClock.Instant
    let isStopping: @Sendable () -> Bool

    /// How well the node is. It waits for nobody.
    var health: NodeHealth {
        var facts = NodeHealth.Facts()
        facts.isStopping = isStopping()
        facts.silence = pulse.silence
        facts.commitAge = pulse.commitAge
        facts.archiveProblem = facts.isStopping ? nil : watch.archiveProblem
        facts.shortage = facts.isStopping ? nil : (try? archive.shortage()) ?? nil
        facts.vitals = pulse.vitals
        return NodeHealth(facts)
    }

    /// Everything that can be said in numbers. If the event loop hangs, what only it knows is missing.
    func reading() async -> NodeReading {
        let health = health
        let snapshot = health.isLive ? await loop.snapshot(counting: counts) : nil
        let clock = ClockReading.now()
        return NodeReading(
            snapshot: snapshot, health: health, problems: watch.problems,
            statistics: try? archive.statistics(), options: archive.options, keeping: archive.keepingCounters,
            freeBytes: archive.freeBytes, pins: historian.pinnedReplicas, scrub: scrubber.counters,
            scrubFinished: scrubber.status?.lastFinished, refusals: refusals.counters, traffic: traffic.traffic,
            process: ProcessUsage.now(), moment: loop.moment, wall: clock.wall,
            uptime: ContinuousClock.now - startedAt)
    }
}

/// A node in numbers, at one moment.
struct NodeReading: Sendable {
    /// `nil` if the node stops or hangs.
    var snapshot: NodeSnapshot?
    var health: NodeHealth
    var problems: [String]
    /// `nil` if the archive cannot be read.
    var statistics: ArchiveStatistics?
    var options: ArchiveOptions
    /// What the archive has counted, by name.
    var keeping: [String: Int]
    var freeBytes: Int
    /// `nil` before the first look.
    var pins: PinnedReplicas?
    var scrub: [String: Int]
    var scrubFinished: Instant?
    var refusals: [String: Int]
    var traffic: [MessageTraffic]
    var process: ProcessUsage
    var moment: ClockMoment
    var wall: Instant
    var uptime: Duration
}
