internal import IPv8

/// An adversary's machine that does something again and again, whatever comes back.
final class Assailant: Resident {
    /// What it does each time; the number counts the times.
    typealias Step = (_ number: Int, _ actions: inout Actions) -> Void
    /// What it does about a packet that came in.
    typealias Hearing = (_ packet: Packet, _ source: Address, _ actions: inout Actions) -> Void

    private let interval: Duration
    private let step: Step
    private let hearing: Hearing
    private var count = 0
    private var nextStep = Instant.distantPast

    init(every interval: Duration, hearing: @escaping Hearing = { _, _, _ in }, _ step: @escaping Step) {
        self.interval = interval
        self.hearing = hearing
        self.step = step
    }

    var nextWakeUp: Instant? { nextStep }

    func wake(_ actions: inout Actions) {
        guard nextStep <= actions.now else { return }
        nextStep = actions.now + interval
        step(count, &actions)
        count += 1
    }

    func receive(_ bytes: [UInt8], from source: Address, _ actions: inout Actions) {
        guard let packet = try? Packet(decoding: bytes) else { return }
        hearing(packet, source, &actions)
    }
}
