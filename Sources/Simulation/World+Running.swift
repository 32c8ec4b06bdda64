package import DHTCore
package import IPv8
internal import Maintenance

/// How time passes in a world.
extension World {
    /// Lets time pass.
    package func run(for duration: Duration) {
        let end = now + duration
        while let (event, time) = queue.popFirst(by: end) {
            now = max(now, time)
            switch event {
            case .datagram(let bytes, let source, let port, let sender, let receiver):
                deliver(bytes, from: source, toPort: port, sender: machines[sender], to: machines[receiver])
            case .alarm(let index, let life): ring(machines[index], life)
            case .plan(let plan): plan(self)
            }
        }
        now = end
    }

    private func deliver(
        _ bytes: [UInt8], from source: Address, toPort port: UInt16, sender: Machine, to machine: Machine
    ) {
        guard let resident = machine.resident, network.connects(sender.index, machine.index),
            machine.admits(from: source, toPort: port, at: now)
        else { return }
        machine.receivedCount += 1
        deliveredCount += 1
        for observer in observers { observer.received(bytes, from: source, on: machine, in: self) }
        act(on: machine) { resident.receive(bytes, from: source, &$0) }
    }

    private func ring(_ machine: Machine, _ life: Int) {
        guard let resident = machine.resident, machine.life == life, machine.alarm == now else { return }
        machine.alarm = nil
        act(on: machine) { resident.wake(&$0) }
    }

    /// Has a resident do something, and does what it wants done.
    func act(on machine: Machine, _ body: (inout Actions) -> Void) {
        let reading = machine.clock.reading(at: now)
        machine.host?.show(reading)
        let localNow = machine.host?.clock.coreTime(at: reading) ?? reading.wall
        var actions = Actions(now: localNow, generator: machine.generator)
        body(&actions)
        machine.generator = actions.generator
        for send in actions.sends { transmit(send, from: machine) }
        for (id, outcome) in actions.completions {
            outcomes[id] = outcome
            for observer in observers { observer.completed(id, outcome, on: machine, in: self) }
        }
        setAlarm(of: machine, localNow: localNow)
    }

    /// Sets the alarm where it is wanted earlier than it is set; one that rings too early is set anew.
    private func setAlarm(of machine: Machine, localNow: Instant) {
        guard let wakeUp = machine.resident?.nextWakeUp else { return }
        let wait = machine.clock.worldDuration(of: max(wakeUp - localNow, .microseconds(1)))
        // Rounded up, so that it never rings before its time on the machine's own clock.
        let time = now + wait + (machine.clock.drift == 0 ? .zero : .microseconds(1))
        if let alarm = machine.alarm, alarm <= time, alarm > now { return }
        machine.alarm = time
        queue.insert(.alarm(machine.index, life: machine.life), at: time)
    }

    private func transmit(_ send: Actions.Send, from machine: Machine) {
        machine.sentCount += 1
        let source = send.forgedSource ?? machine.source(to: send.destination, at: now)
        for observer in observers {
            observer.sent(send.bytes, from: source, to: send.destination, on: machine, in: self)
        }
        guard let receiver = network.machine(at: send.destination.host) else { return }
        let delays = network.delays(ofBytes: send.bytes.count, using: &machine.generator)
        for delay in [delays.first, delays.second] {
            guard let delay else { continue }
            queue.insert(
                .datagram(
                    send.bytes, from: source, toPort: send.destination.port, sender: machine.index, receiver: receiver),
                at: now + delay)
        }
    }
}

/// Somebody who watches a world, and has no part in it.
package protocol Observer: AnyObject {
    /// A machine was started.
    func started(_ machine: Machine, in world: World)
    /// A machine's power was cut.
    func killed(_ machine: Machine, in world: World)
    /// A datagram has left a machine.
    func sent(_ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World)
    /// A datagram is about to be given to what runs on a machine.
    func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World)
    /// A user has asked for something.
    func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World)
    /// What a user asked for is done.
    func completed(_ id: CommandID, _ outcome: CommandOutcome, on machine: Machine, in world: World)
}

extension Observer {
    package func started(_ machine: Machine, in world: World) {}
    package func killed(_ machine: Machine, in world: World) {}
    package func sent(
        _ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World
    ) {}
    package func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World) {}
    package func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World) {}
    package func completed(_ id: CommandID, _ outcome: CommandOutcome, on machine: Machine, in world: World) {}
}
