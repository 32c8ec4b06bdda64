package import DHTCore
package import IPv8

/// What runs on a machine and speaks to the network: a node of ours, a model of the reference's, an adversary.
///
/// It is told what has happened, with the time on its machine's own clock, and says what it wants done.
package protocol Resident: AnyObject {
    /// A datagram came in.
    func receive(_ bytes: [UInt8], from source: Address, _ actions: inout Actions)
    /// The moment has come that it had set its alarm for, or it has just been started.
    func wake(_ actions: inout Actions)
    /// When it wants to be woken next; `nil` for never.
    var nextWakeUp: Instant? { get }
}

/// A resident with a user, who wants something of it now and then.
package protocol CommandTaker: Resident {
    /// The user wants something; what becomes of it is told under the command's id.
    func issue(_ id: CommandID, _ command: Command, _ actions: inout Actions)
}

/// What a resident wants done, and what it may use while it is asked.
package struct Actions {
    /// The time on the machine's clock: for a node of ours the core's, which never steps; for all others the time of day,
    /// which may be set.
    package fileprivate(set) var now: Instant
    /// Random numbers of the machine's own.
    package var generator: SeededGenerator
    var sends: [Send] = []
    var completions: [(id: CommandID, outcome: CommandOutcome)] = []
    /// What an operator wanted changed, and is durable now.
    var changes: [StorageChange] = []
    /// Room for the effects of a node, empty between inputs. All machines use the same, which stays in a fast cache.
    var effects: [Effect] = []

    struct Send {
        let bytes: [UInt8]
        let destination: Address
        let forgedSource: Address?
    }

    /// For a first machine; ``reset(now:generator:)`` makes it ready for the next.
    init() {
        now = .distantPast
        generator = SeededGenerator(seed: 0)
    }

    /// Forgets what was wanted, but keeps the room for it.
    mutating func reset(now: Instant, generator: SeededGenerator) {
        self.now = now
        self.generator = generator
        sends.removeAll(keepingCapacity: true)
        completions.removeAll(keepingCapacity: true)
        changes.removeAll(keepingCapacity: true)
    }

    /// Sends a datagram, from the machine's own address or, where the network lets it, from somebody else's.
    package mutating func send(_ bytes: [UInt8], to destination: Address, from forgedSource: Address? = nil) {
        sends.append(Send(bytes: bytes, destination: destination, forgedSource: forgedSource))
    }
}
