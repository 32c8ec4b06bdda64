internal import DHTCore
internal import IPv8
internal import Maintenance

/// Some of a world's machines and their events, run by one thread at a time.
///
/// Shards share no mutable state while they run: events for machines of other shards wait in the outbox until all
/// shards have come to the end of the window.
///
/// Everything that each datagram touches, here, in the world and on machines, is exempt from Swift's checks of
/// exclusive access at run time, which took 9 % of the instructions. A node is lent out while it handles an input and
/// cannot reach itself meanwhile; everything else is read or written in one step.
final class Shard {
    private let number: Int
    private let count: Int
    private unowned(unsafe) let world: World
    private let network: Network
    /// The machines of this shard: their index modulo the number of shards is its number.
    @exclusivity(unchecked) private var machines: [Machine] = []
    @exclusivity(unchecked) private var queue = EventQueue<Event>()
    /// A buffer for residents' actions.
    @exclusivity(unchecked) private var spareActions = Actions()
    /// Events for machines of other shards.
    @exclusivity(unchecked) var outbox: [Datagram] = []
    /// Results of commands for the world.
    @exclusivity(unchecked) var completions: [(id: CommandID, outcome: CommandOutcome)] = []
    @exclusivity(unchecked) private(set) var deliveredCount = 0

    /// A datagram under way.
    struct Datagram {
        let bytes: [UInt8]
        let source: Address
        let port: UInt16
        let sender: MachineIndex
        let receiver: MachineIndex
        let arrivesAt: Instant
        let rank: UInt64
    }

    private enum Event {
        case datagram(Datagram)
        case alarm(MachineIndex, life: Int)
    }

    init(_ number: Int, of count: Int, in world: World) {
        self.number = number
        self.count = count
        self.world = world
        network = world.network
    }

    /// When the next event is due.
    var nextTime: Instant? { queue.nextTime }

    func add(_ machine: Machine) {
        precondition(machine.index == machines.count * count + number, "machines are dealt out one after the other")
        machines.append(machine)
    }

    func take(_ datagram: Datagram) {
        queue.insert(.datagram(datagram), at: datagram.arrivesAt, rank: datagram.rank)
    }

    /// Runs all events before a moment.
    func run(until end: Instant) {
        while let (event, time) = queue.popFirst(by: end - .nanoseconds(1)) {
            switch event {
            case .datagram(let datagram): deliver(datagram, at: time)
            case .alarm(let index, let life): ring(machines[index / count], life, at: time)
            }
        }
    }

    private func deliver(_ datagram: Datagram, at now: Instant) {
        let machine = machines[datagram.receiver / count]
        guard let resident = machine.resident, network.connects(datagram.sender, machine.index),
            machine.admits(from: datagram.source, toPort: datagram.port, at: now)
        else { return }
        machine.receivedCount += 1
        deliveredCount += 1
        for observer in world.observers {
            observer.received(datagram.bytes, from: datagram.source, on: machine, in: world)
        }
        act(on: machine, at: now) { resident.receive(datagram.bytes, from: datagram.source, &$0) }
    }

    private func ring(_ machine: Machine, _ life: Int, at now: Instant) {
        guard let resident = machine.resident, machine.life == life, machine.alarm == now else { return }
        machine.alarm = nil
        act(on: machine, at: now) { resident.wake(&$0) }
    }

    /// Gives a resident an input, and does what it requests.
    func act(on machine: Machine, at now: Instant, _ body: (inout Actions) -> Void) {
        let reading = machine.clock.reading(at: now)
        show(reading, to: machine)
        let localNow = machine.host?.clock.coreTime(at: reading) ?? reading.wall
        var actions = Actions()
        swap(&actions, &spareActions)
        actions.reset(now: localNow, generator: machine.generator)
        body(&actions)
        machine.generator = actions.generator
        for send in actions.sends { transmit(send, from: machine, at: now) }
        for (id, outcome) in actions.completions {
            completions.append((id, outcome))
            for observer in world.observers { observer.completed(id, outcome, on: machine, in: world) }
        }
        for change in actions.changes {
            for observer in world.observers { observer.changed(change, on: machine, in: world) }
        }
        swap(&actions, &spareActions)
        setAlarm(of: machine, at: now, localNow: localNow)
    }

    private func show(_ reading: ClockReading, to machine: Machine) {
        guard let host = machine.host, host.show(reading) else { return }
        for observer in world.observers { observer.sweeping(machine, in: world) }
        let sweep = host.sweep()
        for observer in world.observers { observer.swept(sweep, on: machine, in: world) }
    }

    /// Sets the wake-up if it is earlier than the present one. A wake-up that comes too early is set again.
    private func setAlarm(of machine: Machine, at now: Instant, localNow: Instant) {
        guard let wakeUp = machine.resident?.nextWakeUp else { return }
        let wait = machine.clock.worldDuration(of: max(wakeUp - localNow, .microseconds(1)))
        // Rounded up, so that it never comes before its time on the machine's own clock.
        let time = now + wait + (machine.clock.drift == 0 ? .zero : .microseconds(1))
        if let alarm = machine.alarm, alarm <= time, alarm > now { return }
        machine.alarm = time
        queue.insert(.alarm(machine.index, life: machine.life), at: time, rank: machine.nextRank())
    }

    private func transmit(_ send: Actions.Send, from machine: Machine, at now: Instant) {
        machine.sentCount += 1
        let source = send.forgedSource ?? machine.source(to: send.destination, at: now)
        for observer in world.observers {
            observer.sent(send.bytes, from: source, to: send.destination, on: machine, in: world)
        }
        guard let receiver = network.machine(at: send.destination.host) else { return }
        let delays = network.delays(ofBytes: send.bytes.count, using: &machine.generator)
        for delay in [delays.first, delays.second] {
            guard let delay else { continue }
            let datagram = Datagram(
                bytes: send.bytes, source: source, port: send.destination.port, sender: machine.index,
                receiver: receiver, arrivesAt: now + delay, rank: machine.nextRank())
            if receiver % count == number { take(datagram) } else { outbox.append(datagram) }
        }
    }
}
