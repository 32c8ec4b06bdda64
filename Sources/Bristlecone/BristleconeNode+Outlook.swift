internal import Archive
internal import IPv8
internal import Maintenance

/// What the status says of today and of later: warnings, room, bandwidth, the last backup.
extension BristleconeNode {
    private static let minutesOfBandwidth = 10
    private static let daysOfGrowth = 7

    /// What the operator should know of now, the gravest first.
    func warnings() async -> [String] {
        let reasons = health.reasons.map(\.message)
        let others = [clockWarning, pinWarning, twinWarning].compactMap { $0 }
        let problems = observer.watch.problems.filter { !reasons.contains($0) }
        return reasons + problems + others
    }

    private var clockWarning: String? {
        let lag = loop.clockLag
        guard lag > NodeStatus.Clock.leadIgnored else { return nil }
        return
            "The machine's clock is \(Int(lag.seconds)) seconds behind the newest change in the archive; set it if it is wrong."
    }

    private var pinWarning: String? {
        guard let pins = threads.historian.pinnedReplicas, pins.none > 0 else { return nil }
        let keys = pins.none == 1 ? "1 pinned key" : "\(pins.none) pinned keys"
        return "No other node has a replica of \(keys); \"bristlecone pin list\" shows which, and \"bristlecone plan\" "
            + "whether the node keeps up."
    }

    func room() async -> NodeStatus.Room? {
        guard let statistics = try? archive.statistics() else { return nil }
        let now = loop.moment.now
        let start = now - .seconds(86_400 * BristleconeNode.daysOfGrowth)
        let samples = try? await threads.historian.read { (archive) throws(ArchiveError) in
            try archive.samples(.hour, from: start, to: now, limit: 24 * BristleconeNode.daysOfGrowth)
        }
        return NodeStatus.Room(
            live: statistics.liveBytes, limit: archive.options.liveBytesMax, free: archive.freeBytes,
            reserve: archive.options.diskReserveBytes, samples ?? [])
    }

    func bandwidth() async -> NodeStatus.Bandwidth? {
        let now = loop.moment.now
        let start = now - .seconds(60 * BristleconeNode.minutesOfBandwidth)
        let samples = try? await threads.historian.read { (archive) throws(ArchiveError) in
            try archive.samples(.minute, from: start, to: now, limit: BristleconeNode.minutesOfBandwidth + 1)
        }
        return NodeStatus.Bandwidth(samples ?? [])
    }

    func lastBackup() async -> Instant? {
        let event = try? await threads.historian.read { (archive) throws(ArchiveError) in try archive.lastBackup() }
        return event?.at
    }
}
