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
