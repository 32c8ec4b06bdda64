public import IPv8

/// The state of a running node.
public struct NodeStatus: Sendable, Equatable, Codable {
    /// The version of the program.
    public var version: String
    public var processID: Int32
    /// How long the node has been running.
    public var uptime: Duration
    /// The node's identity, which follows from its key.
    public let mid: Mid
    public let publicKey: PublicKey
    /// The kind of its key.
    package let keyLevel: KeyLevel
    /// One for each address family that it listens on, IPv4 first.
    public var endpoints: [Endpoint]
    /// How it finds its way into the network.
    package var joining: Joining
    /// The nodes that it knows, in a fixed order.
    public var contacts: [Contact]
    /// What its archive holds.
    public var archive: Storage
    /// How the machine's clock compares with the archive.
    package var clock: Clock
    /// How far the scrub is; `nil` if there is none, or before it has begun.
    package var scrub: Scrub?
    /// The state of the republisher; `nil` if the node is stopping.
    package var upkeep: Upkeep?
    /// What is wrong with the data folder, each a sentence with what to do.
    public var problems: [String]
    /// Everything that the operator should know of now, the gravest first: each a sentence with what to do. The problems are
    /// among them.
    public var warnings: [String]
    /// How much room there is.
    package var room: Room?
    /// What the node has received and sent lately; `nil` in its first minute.
    package var traffic: Bandwidth?
    /// When a backup was last made; `nil` if none is known.
    package var lastBackup: Instant?
    /// Counts of events since the node started, by name; dropped packets are under `dropped.` and the reason.
    public var counters: [String: Int]

    private enum CodingKeys: String, CodingKey {
        case version, mid, publicKey, keyLevel, endpoints, joining, contacts, archive, clock, scrub, upkeep, problems
        case warnings, room, traffic, lastBackup
        case counters
        case processID = "pid"
        case uptime = "uptimeSeconds"
    }

    init(
        version: String = Release.version, processID: Int32, uptime: Duration, publicKey: PublicKey,
        endpoints: [Endpoint], joining: Joining = Joining(), contacts: [Contact], archive: Storage,
        clock: Clock = Clock(), scrub: Scrub? = nil, upkeep: Upkeep? = nil, problems: [String] = [],
        warnings: [String] = [], room: Room? = nil, traffic: Bandwidth? = nil, lastBackup: Instant? = nil,
        counters: [String: Int]
    ) {
        self.version = version
        self.processID = processID
        self.uptime = uptime
        mid = publicKey.mid
        self.publicKey = publicKey
        keyLevel = publicKey.level
        self.endpoints = endpoints
        self.joining = joining
        self.contacts = contacts
        self.archive = archive
        self.clock = clock
        self.scrub = scrub
        self.upkeep = upkeep
        self.problems = problems
        self.warnings = warnings
        self.room = room
        self.traffic = traffic
        self.lastBackup = lastBackup
        self.counters = counters
    }
}
