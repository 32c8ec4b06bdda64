package import IPv8

/// A promise that was broken.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// Which checker has noticed.
    package let checker: String
    package let machine: MachineIndex
    /// When, in the world's time.
    package let time: Instant
    /// What has happened.
    package let what: String

    /// One line.
    package var description: String { "\(checker): machine \(machine) at \(time.nanoseconds / 1_000_000) ms: \(what)" }
}

/// Somebody who watches a world for broken promises.
///
/// A checker shares no code with what it checks: it sees what goes over the wire, what is on the disks, and what the table
/// says. It reads datagrams with the decoder that is held against the reference's.
package protocol Checker: Observer {
    /// Its name, as it stands in violations.
    static var name: String { get }
    /// What it has noticed, the first hundred.
    var violations: [Violation] { get set }
    /// Looks at the world as it stands: now and then, and at the end.
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

/// A value's place: a target, and the identity under it.
struct ValueKey: Hashable {
    let target: Target
    let id: EntryID

    init(_ target: Target, _ entry: Entry) {
        self.target = target
        id = entry.id
    }
}

/// A request as its receiver and its sender know it.
struct ExchangeKey: Hashable {
    let machine: MachineIndex
    let peer: Address
    let number: UInt32
}
