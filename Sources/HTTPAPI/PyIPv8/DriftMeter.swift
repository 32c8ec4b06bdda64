internal import Bristlecone
internal import IPv8
internal import Synchronization

/// How late the process does what it has planned: while it is switched on, a timer notes by how much it was missed.
final class DriftMeter: Sendable {
    struct Measurement: Sendable, Equatable {
        let at: Instant
        let drift: Duration
    }

    private struct State {
        var task: Task<Void, Never>?
        var measurements: [Measurement] = []
    }

    private let state = Mutex(State())
    private let interval: Duration

    /// How often the reference's service takes a step, and so measures.
    static let interval: Duration = .milliseconds(500)
    /// How many measurements are kept (the reference keeps as many).
    private static let measurementsMax = 100

    init(interval: Duration = DriftMeter.interval) { self.interval = interval }

    deinit { state.withLock { $0.task?.cancel() } }

    /// The last measurements, the oldest first; `nil` while it is switched off.
    var measurements: [Measurement]? { state.withLock { $0.task == nil ? nil : $0.measurements } }

    func enable() {
        state.withLock { state in
            guard state.task == nil else { return }
            state.task = Task { [weak self, interval] in
                while !Task.isCancelled {
                    let due = ContinuousClock.now + interval
                    guard (try? await Task.sleep(until: due, clock: .continuous)) != nil else { return }
                    self?.note(ContinuousClock.now - due)
                }
            }
        }
    }

    func disable() {
        state.withLock { state in
            state.task?.cancel()
            state = State()
        }
    }

    private func note(_ drift: Duration) {
        let measurement = Measurement(at: .machineNow, drift: max(.zero, drift))
        state.withLock { state in
            guard state.task != nil else { return }
            if state.measurements.count >= DriftMeter.measurementsMax { state.measurements.removeFirst() }
            state.measurements.append(measurement)
        }
    }
}
