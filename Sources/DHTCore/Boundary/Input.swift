public import IPv8
public import Maintenance

/// Something that has happened, told to a node together with when it happened.
public enum Input: Hashable, Sendable {
    /// A datagram came in, to one of the hosts of a socket that listens on all of them; `nil` for a socket of one host.
    case datagramReceived([UInt8], from: Address, to: IPAddress? = nil)
    /// The check that was asked for with ``Effect/verify(_:packet:entries:)`` is done.
    case signaturesChecked(WorkID, SignatureVerdict)
    /// The values that were asked for with ``Effect/load(_:target:offset:limit:)`` are here: serialized entries, and how
    /// much processor time it took to read them.
    case entriesLoaded(WorkID, [[UInt8]], took: Duration = .zero)
    /// The values that were asked for cannot be read.
    case loadFailed(WorkID, took: Duration = .zero)
    /// The keys that were asked for with ``Effect/listDueKeys(_:limit:)``; none where they cannot be read.
    case dueKeysListed(WorkID, DueKeys)
    /// The values that were asked for with ``Effect/loadRepublishable(_:_:)``, of the targets that have any.
    case republishableLoaded(WorkID, [RepublishableTarget])
    /// The change that was asked for with ``Effect/commit(_:_:)`` is durable, or was refused.
    case commitCompleted(WorkID, CommitOutcome)
    /// The secret that was asked for with ``Effect/drawTokenSecret`` is here: 32 unpredictable bytes.
    case tokenSecretDrawn([UInt8])
    /// The names of the bootstrap servers have been looked up.
    case trackersResolved([Address])
    /// The operator has changed which networks are banned: these are, and no others.
    case bansChanged([Ban])
    /// The node's user wants something.
    case commandIssued(CommandID, Command)
    /// The moment that ``Node/nextWakeUp`` named has come.
    case timerFired
}

/// Ties what a node asked its surroundings for to what comes back.
public struct WorkID: Hashable, Sendable {
    /// A number that no other piece of work of the node has.
    public let number: UInt64
    /// Whose work it is, and so what it may wait for.
    public let lane: Lane
    /// Wraps a number.
    public init(_ number: UInt64, in lane: Lane = .known) {
        self.number = number
        self.lane = lane
    }
}

/// Ties a command to its outcome; whoever issues commands chooses the numbers.
public struct CommandID: Hashable, Sendable {
    /// A number that no other command of the same node has.
    public let number: UInt64
    /// Wraps a number.
    public init(_ number: UInt64) { self.number = number }
}

/// Which of the signatures that were to be checked are valid.
public struct SignatureVerdict: Hashable, Sendable {
    /// Whether the packet's is.
    public var packetIsAuthentic: Bool
    /// Whether each entry's is, in the order in which they were given.
    public var entriesAreAuthentic: [Bool]

    public init(packetIsAuthentic: Bool, entriesAreAuthentic: [Bool] = []) {
        self.packetIsAuthentic = packetIsAuthentic
        self.entriesAreAuthentic = entriesAreAuthentic
    }
}

/// What became of entries that were to be stored.
public enum CommitOutcome: Hashable, Sendable {
    /// Every entry is durable, at its version or a later one.
    case held
    /// Every entry is durable, or another one in its place: a later version, or the same version with other data.
    case superseded
    /// At least one was refused: there is no room for it.
    case refused
    /// The archive could not write; nothing may be acknowledged.
    case failed
}
