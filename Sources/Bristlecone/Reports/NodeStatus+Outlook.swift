internal import Archive
internal import IPv8
internal import Maintenance

extension NodeStatus {
    /// How much room the archive has, and for how long that is enough.
    package struct Room: Sendable, Equatable, Codable {
        /// Bytes that count against the archive's size limit.
        package var liveBytes: Int
        package var limitBytes: Int
        package var freeBytes: Int
        /// With less free space new values are refused.
        package var reserveBytes: Int
        /// Bytes a day by which the archive grew lately; `nil` if the history is too short to tell.
        package var growthPerDay: Int?
        /// When limit or disk are full if it goes on like that; `nil` if it does not grow, or nobody can tell.
        package var daysUntilFull: Double?

        package init(
            liveBytes: Int, limitBytes: Int, freeBytes: Int, reserveBytes: Int, growthPerDay: Int?,
            daysUntilFull: Double?
        ) {
            (self.liveBytes, self.limitBytes) = (liveBytes, limitBytes)
            (self.freeBytes, self.reserveBytes) = (freeBytes, reserveBytes)
            (self.growthPerDay, self.daysUntilFull) = (growthPerDay, daysUntilFull)
        }
    }

    /// Bytes a second, without the headers of UDP and IP.
    package struct Bandwidth: Sendable, Equatable, Codable {
        package var receivedBytesPerSecond: Double
        package var sentBytesPerSecond: Double

        package init(receivedBytesPerSecond: Double, sentBytesPerSecond: Double) {
            (self.receivedBytesPerSecond, self.sentBytesPerSecond) = (receivedBytesPerSecond, sentBytesPerSecond)
        }
    }
}

extension NodeStatus.Room {
    /// With less history than this, growth says nothing.
    private static let historyMin: Duration = .seconds(6 * 3600)

    /// - Parameter samples: hours of the last days, oldest first.
    init(live: Int, limit: Int, free: Int, reserve: Int, _ samples: [StoredSample]) {
        self.init(
            liveBytes: live, limitBytes: limit, freeBytes: free, reserveBytes: reserve, growthPerDay: nil,
            daysUntilFull: nil)
        guard let first = samples.first, let last = samples.last, last.start - first.start >= Self.historyMin else {
            return
        }
        let days = (last.start - first.start).seconds / 86_400
        let growth = Double((last.figures[.liveBytes] ?? 0) - (first.figures[.liveBytes] ?? 0)) / days
        growthPerDay = Int(growth)
        guard growth >= 1 else { return }
        daysUntilFull = Double(max(0, min(limit - live, free - reserve))) / growth
    }
}

extension NodeStatus.Bandwidth {
    /// - Parameter samples: the last minutes.
    init?(_ samples: [StoredSample]) {
        guard !samples.isEmpty else { return nil }
        func rate(_ figure: HistoryFigure) -> Double {
            Double(samples.reduce(0) { $0 + ($1.figures[figure] ?? 0) }) / Double(60 * samples.count)
        }
        self.init(receivedBytesPerSecond: rate(.bytesReceived), sentBytesPerSecond: rate(.bytesSent))
    }
}

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
