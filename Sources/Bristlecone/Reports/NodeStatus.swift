public import IPv8

/// How a running node is.
public struct NodeStatus: Sendable, Equatable {
    /// The version of the program.
    public var version: String
    /// The process.
    public var processID: Int32
    /// How long it has been running.
    public var uptime: Duration
    /// Its identity.
    public var publicKey: PublicKey
    /// One for each address family that it listens on, IPv4 first.
    public var endpoints: [EndpointStatus]
    /// How it finds its way into the network.
    public var joining: JoiningStatus
    /// The nodes that it knows, in a fixed order.
    public var contacts: [ContactStatus]
    /// What it keeps.
    public var archive: ArchiveStatus
    /// How the machine's clock stands to what it keeps.
    public var clock: ClockStatus
    /// How the check of what it keeps goes; `nil` where there is none, or before it has begun.
    public var scrub: ScrubStatus?
    /// How its values are kept alive in the DHT; `nil` where the node is about to end.
    public var upkeep: UpkeepStatus?
    /// What it has counted since it was started, by name; what was dropped is under `dropped.` and the reason.
    public var counters: [String: Int]

    /// Puts a status together.
    public init(
        version: String = Release.version, processID: Int32, uptime: Duration, publicKey: PublicKey,
        endpoints: [EndpointStatus], joining: JoiningStatus = JoiningStatus(), contacts: [ContactStatus],
        archive: ArchiveStatus, clock: ClockStatus = ClockStatus(), scrub: ScrubStatus? = nil,
        upkeep: UpkeepStatus? = nil,
        counters: [String: Int]
    ) {
        self.version = version
        self.processID = processID
        self.uptime = uptime
        self.publicKey = publicKey
        self.endpoints = endpoints
        self.joining = joining
        self.contacts = contacts
        self.archive = archive
        self.clock = clock
        self.scrub = scrub
        self.upkeep = upkeep
        self.counters = counters
    }
}

extension NodeStatus: Codable {
    private enum CodingKeys: String, CodingKey {
        case version, mid, endpoints, joining, contacts, archive, clock, scrub, upkeep, counters
        case processID = "pid"
        case uptime = "uptime_seconds"
        case publicKey = "public_key"
        case keyLevel = "key_level"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        version = try container.decode(String.self, forKey: .version)
        processID = try container.decode(Int32.self, forKey: .processID)
        uptime = try container.decodeSeconds(forKey: .uptime)
        publicKey = try container.decode(text: PublicKey.self, forKey: .publicKey)
        endpoints = try container.decode([EndpointStatus].self, forKey: .endpoints)
        joining = try container.decode(JoiningStatus.self, forKey: .joining)
        contacts = try container.decode([ContactStatus].self, forKey: .contacts)
        archive = try container.decode(ArchiveStatus.self, forKey: .archive)
        clock = try container.decode(ClockStatus.self, forKey: .clock)
        scrub = try container.decodeIfPresent(ScrubStatus.self, forKey: .scrub)
        upkeep = try container.decodeIfPresent(UpkeepStatus.self, forKey: .upkeep)
        counters = try container.decode([String: Int].self, forKey: .counters)
    }

    /// Writes the JSON form; `mid` and `key_level` follow from the public key.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(version, forKey: .version)
        try container.encode(processID, forKey: .processID)
        try container.encode(seconds: uptime, forKey: .uptime)
        try container.encode(text: publicKey.mid, forKey: .mid)
        try container.encode(text: publicKey, forKey: .publicKey)
        try container.encode(text: publicKey.level, forKey: .keyLevel)
        try container.encode(endpoints, forKey: .endpoints)
        try container.encode(joining, forKey: .joining)
        try container.encode(contacts, forKey: .contacts)
        try container.encode(archive, forKey: .archive)
        try container.encode(clock, forKey: .clock)
        try container.encode(scrub, forKey: .scrub)
        try container.encode(upkeep, forKey: .upkeep)
        try container.encode(counters, forKey: .counters)
    }
}
