internal import CoreMetrics
internal import DHTCore
internal import IPv8
internal import Kademlia
internal import NIOCore
internal import Platform
internal import Synchronization

/// Whether the event loop and the writer are getting on, and what the loop last saw of the overlay. Whoever asks gets an answer
/// at once, also from a node that hangs.
final class Pulse: Sendable {
    /// What the loop sees of the overlay.
    struct Vitals: Sendable, Equatable {
        var contacts = 0
        var goodContacts = 0
        /// Whether the node has had a contact since its start.
        var hasMetAnybody = false
        /// Whether the republisher waits for the routing table.
        var isTableRecovering = false
        /// Packets of this identity that came from elsewhere.
        var twin: TwinSightings?
    }

    private struct Beat {
        var vitals = Vitals()
        var at = SystemClock.sinceBoot
        /// The longest delay since somebody last asked.
        var longestLag = Duration.zero
    }

    private let beat = Mutex(Beat())
    /// Since when a commit waits or is being written, in nanoseconds after boot; 0 if none is.
    private let committingSince = Atomic<Int64>(0)
    private let instruments: NodeInstruments

    /// How often the loop gives a sign of life.
    static let interval: Duration = .seconds(1)

    init(_ instruments: NodeInstruments) { self.instruments = instruments }

    /// A sign of life of the event loop.
    func beats(_ vitals: Vitals) {
        let now = SystemClock.sinceBoot
        let lag = beat.withLock { beat in
            let lag = max(now - beat.at - Pulse.interval, .zero)
            beat.longestLag = max(beat.longestLag, lag)
            beat.at = now
            let hasMetAnybody = beat.vitals.hasMetAnybody
            beat.vitals = vitals
            beat.vitals.hasMetAnybody = hasMetAnybody || vitals.contacts > 0
            return lag
        }
        instruments.loopLag.recordNanoseconds(lag.nanoseconds)
    }

    var vitals: Vitals { beat.withLock(\.vitals) }

    /// How long ago the loop gave its last sign of life.
    var silence: Duration { SystemClock.sinceBoot - beat.withLock(\.at) }

    /// The longest delay of the loop since this was last called.
    func takeLongestLag() -> Duration {
        beat.withLock { beat in
            defer { beat.longestLag = .zero }
            return beat.longestLag
        }
    }

    // MARK: Commits

    /// A commit was given to the writer.
    func commitBegan() { committingSince.store(max(1, SystemClock.sinceBoot.nanoseconds), ordering: .relaxed) }

    /// The writer has written a commit, or has failed to.
    ///
    /// - Parameter duration: the time from the writer's beginning.
    func commitEnded(changes: Int, after duration: Duration, isDurable: Bool) {
        committingSince.store(0, ordering: .relaxed)
        if isDurable {
            instruments.commitTime.recordNanoseconds(duration.nanoseconds)
            instruments.commitChanges.record(changes)
        } else {
            instruments.failedCommits.increment()
        }
    }

    /// The writer has ended and writes nothing any more.
    func commitGivenUp() { committingSince.store(0, ordering: .relaxed) }

    /// How long the present commit has been waiting for the writer and the disk; zero if there is none.
    var commitAge: Duration {
        let since = committingSince.load(ordering: .relaxed)
        return since == 0 ? .zero : SystemClock.sinceBoot - .nanoseconds(since)
    }
}

extension NodeLoop {
    /// Gives signs of life from now on, until the event loop ends.
    func beginPulse(_ pulse: Pulse) {
        eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .init(Pulse.interval)) { [self] _ in
            let now = now
            let contacts = node.contacts
            pulse.beats(
                Pulse.Vitals(
                    contacts: contacts.count, goodContacts: contacts.count { $0.status(at: now) == .good },
                    isTableRecovering: node.republisherSnapshot.phase == .waitingForTable, twin: node.twin))
            tellTwin()
        }
    }
}
