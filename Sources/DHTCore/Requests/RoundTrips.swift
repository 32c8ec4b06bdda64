/// How long answers take, and from when on one is late.
///
/// A late request is not given up: an answer counts until the request times out. The lookup or the publication that waits
/// for it asks another node meanwhile.
///
/// Mean and deviation are smoothed as in RFC 6298. They are those of all nodes together, because most nodes of a lookup are
/// asked for the first time. So the weight of one answer is smaller here than for one connection, and nodes that answer
/// fast move the bounds of others only down to ``lateMin``.
struct RoundTrips: Sendable {
    private var network = Estimate()
    private var stores = Estimate()

    /// Sooner than this no request is late: a node across an ocean answers within it, and so does one that is busy for a
    /// moment.
    static let lateMin: Duration = .milliseconds(150)
    /// Later than this every request is.
    static let lateMax: Duration = .seconds(1)

    /// When an answer to a request of a kind is late, after it was sent. A store takes longer than the others, because the
    /// node may have to wait for its disk.
    func late(_ kind: Request.Kind) -> Duration {
        let estimate = kind == .store ? stores : network
        return min(max(estimate.late, RoundTrips.lateMin), RoundTrips.lateMax)
    }

    mutating func note(_ roundTrip: Duration, of kind: Request.Kind) {
        switch kind {
        case .store: stores.note(roundTrip)
        case .ping, .find, .storePeer, .connectPeer: network.note(roundTrip)
        case .introduction: return
        }
    }

    private struct Estimate {
        private var mean: Duration?
        private var deviation = Duration.zero

        /// The mean and four deviations; before the first answer, as late as can be.
        var late: Duration { mean.map { $0 + deviation * 4 } ?? RoundTrips.lateMax }

        mutating func note(_ roundTrip: Duration) {
            guard let mean else {
                self.mean = roundTrip
                return deviation = roundTrip / 2
            }
            let error = roundTrip - mean
            self.mean = mean + error / 16
            deviation += ((error < .zero ? .zero - error : error) - deviation) / 8
        }
    }
}
