package import DHTCore
package import IPv8

/// What runs on a machine: a node of ours, a model of the reference, or an adversary.
///
/// It gets events with the time on its machine's clock, and requests actions.
package protocol Resident: AnyObject {
    /// A datagram arrived.
    func receive(_ bytes: [UInt8], from source: Address, _ actions: inout Actions)
    /// Its wake-up time has come, or it has just been started.
    func wake(_ actions: inout Actions)
    /// When it wants to be woken next; `nil` for never.
    var nextWakeUp: Instant? { get }
}

/// A resident with a user who issues commands.
package protocol CommandTaker: Resident {
    /// The user issues a command; its result is reported under the command's id.
    func issue(_ id: CommandID, _ command: Command, _ actions: inout Actions)
}

/// The actions that a resident requests, and the time and random numbers that it may use.
package struct Actions {
    /// The time on the machine's clock. For a node of ours it is the core's time, which never steps; for all others it
    /// is the wall time.
    package fileprivate(set) var now: Instant
    /// The machine's random numbers.
    package var generator: SeededGenerator
    var sends: [Send] = []
    var completions: [(id: CommandID, outcome: CommandOutcome)] = []
    /// An operator's changes that are durable now.
    var changes: [StorageChange] = []
    /// A buffer for a node's effects, empty between inputs. All machines use the same one, which stays in a fast cache.
    var effects: [Effect] = []

    struct Send {
        let bytes: [UInt8]
        let destination: Address
        let forgedSource: Address?
    }

    /// For the first machine; ``reset(now:generator:)`` prepares it for the next.
    init() {
        now = .distantPast
        generator = SeededGenerator(seed: 0)
    }

    /// Removes all actions, but keeps their memory.
    mutating func reset(now: Instant, generator: SeededGenerator) {
        self.now = now
        self.generator = generator
        sends.removeAll(keepingCapacity: true)
        completions.removeAll(keepingCapacity: true)
        changes.removeAll(keepingCapacity: true)
    }

    /// Sends a datagram from the machine's own address or, if the network permits, from somebody else's.
    package mutating func send(_ bytes: [UInt8], to destination: Address, from forgedSource: Address? = nil) {
        sends.append(Send(bytes: bytes, destination: destination, forgedSource: forgedSource))
    }
}
