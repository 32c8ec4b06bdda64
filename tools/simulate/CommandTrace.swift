import DHTCore
import IPv8
import Simulation

/// Follows users' commands from outside, in the same way for every kind of node: how long each takes, and the requests
/// that its machine sends meanwhile.
final class CommandTrace: Observer {
    private var underWay: [MachineIndex: Run] = [:]
    private(set) var finished: [Run] = []

    /// A command, from the moment it is issued.
    struct Run {
        let id: CommandID
        let machine: MachineIndex
        let target: Target
        let startedAt: Instant
        private(set) var timeToEnd = Duration.zero
        private(set) var outcome: CommandOutcome?
        /// How many nodes were asked about the target.
        fileprivate(set) var askedCount = 0
        /// All finds and questions for a peer, with the finds that are to have a node punctured.
        fileprivate(set) var requestCount = 0
        fileprivate(set) var events: [Event] = []

        fileprivate mutating func end(_ outcome: CommandOutcome, at now: Instant) {
            self.outcome = outcome
            timeToEnd = now - startedAt
        }
    }

    /// A request that was sent, or a response that came.
    struct Event {
        let after: Duration
        let kind: MessageKind
        let peer: Address
        /// Whether a find is for another key than the command's: to have a node punctured, or for another purpose.
        let isForOtherKey: Bool
    }

    func isFollowing(_ machine: Machine) -> Bool { underWay[machine.index] != nil }

    func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World) {
        let target: Target
        switch command {
        case .find(let key), .publish(let key, _), .spread(let key, _): target = key
        case .connect(let mid, _): target = Target(bits: mid.bits)
        case .ping, .refreshBucket, .walk, .runTask: return
        }
        underWay[machine.index] = Run(id: id, machine: machine.index, target: target, startedAt: world.now)
    }

    func sent(_ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World) {
        guard !underWay.isEmpty, var run = underWay[machine.index], let packet = try? Packet(decoding: bytes) else {
            return
        }
        var isForOtherKey = false
        switch packet.message {
        case .findRequest(let request):
            isForOtherKey = request.target != run.target
            if !isForOtherKey { run.askedCount += 1 }
            run.requestCount += 1
        case .connectPeerRequest: run.requestCount += 1
        case .storeRequest: break
        default: return
        }
        run.events.append(
            Event(
                after: world.now - run.startedAt, kind: packet.message.kind, peer: destination,
                isForOtherKey: isForOtherKey))
        underWay[machine.index] = run
    }

    func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World) {
        guard !underWay.isEmpty, let run = underWay[machine.index], let packet = try? Packet(decoding: bytes),
            [.findResponse, .storeResponse, .connectPeerResponse].contains(packet.message.kind)
        else { return }
        underWay[machine.index]?.events.append(
            Event(after: world.now - run.startedAt, kind: packet.message.kind, peer: source, isForOtherKey: false))
    }

    func completed(_ id: CommandID, _ outcome: CommandOutcome, on machine: Machine, in world: World) {
        guard var run = underWay[machine.index], run.id == id else { return }
        underWay[machine.index] = nil
        run.end(outcome, at: world.now)
        finished.append(run)
    }
}
