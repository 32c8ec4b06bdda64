package import IPv8

/// A promise that was broken.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// The checker that noticed it.
    package let checker: String
    package let machine: MachineIndex
    /// The world's time.
    package let time: Instant
    /// What happened.
    package let what: String

    /// One line.
    package var description: String { "\(checker): machine \(machine) at \(time.nanoseconds / 1_000_000) ms: \(what)" }
}

/// An observer that knows a promise and reports when it is broken.
///
/// A checker shares no code with the node: it sees datagrams, disks and routing tables. It decodes datagrams with the
/// decoder that is tested against the reference's.
package protocol Checker: Observer {
    /// Its name in violations.
    static var name: String { get }
    /// The first hundred violations.
    var violations: [Violation] { get set }
    /// Examines the world, now and then and at the end.
    func inspect(_ world: World)
}

extension Checker {
    package func inspect(_ world: World) {}

    func report(_ what: @autoclosure () -> String, on machine: Machine, in world: World) {
        guard violations.count < 100 else { return }
        violations.append(
            Violation(checker: Self.name, machine: machine.index, time: world.now, what: what()))
    }
}

/// A value's place: a target and an id.
struct ValueKey: Hashable {
    let target: Target
    let id: EntryID

    init(_ target: Target, _ entry: Entry) {
        self.target = target
        id = entry.id
    }
}

/// A request as both its receiver and its sender know it.
struct ExchangeKey: Hashable {
    let machine: MachineIndex
    let peer: Address
    let number: UInt32
}
