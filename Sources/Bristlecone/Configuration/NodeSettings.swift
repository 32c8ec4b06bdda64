public import IPv8
public import Logging

/// What an operator can decide about a node. A value made without arguments holds the defaults.
public struct NodeSettings: Sendable, Equatable {
    /// The folder for everything that the node stores; relative to the current one unless it begins with `/`.
    public var dataFolder = "./data"
    /// Where to listen for datagrams: at most one address of each family. Port 0 stands for any free one.
    public var listen = [Address(host: .v4(0), port: 8090)]
    /// Peers to join through: asked at every start, and again for as long as they do not answer.
    public var peers: [Address] = []
    /// Whether the bootstrap servers are asked for peers.
    public var bootstrap = true
    /// The servers that are asked if ``bootstrap`` is set.
    public var bootstrapServers = BootstrapServer.reference
    /// Whether the node looks for peers in the local network by broadcast, and answers those that do.
    public var callsLocalNetwork = false
    /// With more contacts than this, the node leaves it to others to introduce newcomers; 0 for no limit.
    public var peerLimit = 30
    /// Whether the limits for an address prefix also apply to loopback and private networks.
    public var limitsLocalNetworks = false
    /// Messages of this level and above are logged.
    public var logLevel = Logger.Level.info
    /// How a program writes log messages.
    package var logFormat = LogFormat.text
    /// How much space the archive may take.
    public var archiveSizeLimit = ByteSize.gibibytes(50)
    /// How much space stays free on the disk that holds the data folder: the node refuses stores rather than use it.
    public var diskReserve = ByteSize.gibibytes(1)
    /// How many values the archive takes under one key.
    public var valuesPerKeyMax = 1024
    /// How the API is served over HTTP.
    package struct HTTPSettings: Sendable, Hashable {
        /// Where; nowhere by default.
        package var listen: [Address] = []
        /// Whether reading needs the API key.
        package var readsNeedKey = false
        /// Names that requests may call the machine by.
        package var hosts: [String] = []
        /// Origins whose pages may use the API.
        package var origins: [String] = []
        /// Whether the group of the data folder may read over the control socket.
        package var groupReads = false

        /// The defaults.
        package init() {}
    }

    /// What part of the archive's space each kind of record may take.
    package var shares = ShareSettings()
    /// How long expired values are retained.
    public var retention = RetentionSettings()
    /// How long the archive keeps its journal of changes, for those who follow it.
    public var journalKeep = TimeSpan.days(7)
    /// Whether the node acknowledges stores before they are on disk: faster, but a crash loses up to a second of them.
    public var relaxedDurability = false
    /// How many records a second the scrub reads again; 0 for no scrub.
    public var scrubRate = 17
    /// How the node republishes values.
    public var upkeep = UpkeepSettings()
    /// How the API is served over HTTP, by programs that serve it.
    package var http = HTTPSettings()
    /// How many threads check and make signatures; 0 for one for each processor core.
    public var threads = 0

    /// The defaults.
    public init() {}
}

/// How a program writes log messages.
package enum LogFormat: String, Sendable, Hashable, CaseIterable {
    case text
    /// One JSON object a line.
    case json
    /// To the journal of systemd, with fields.
    case journald
}

/// What part of the archive's space each kind of record may take, in percent.
package struct ShareSettings: Sendable, Hashable {
    /// Values that the DHT is served.
    package var served = 50
    /// Values that have expired and are kept.
    package var retained = 26
    /// Earlier versions of values.
    package var history = 14
    /// Versions below which nothing is taken any more.
    package var floors = 6
    /// Pairs of values that prove that a signer contradicted himself.
    package var evidence = 4

    /// The defaults.
    package init() {}

    /// All of them together.
    var sum: Int { served + retained + history + floors + evidence }
}

/// How long values are retained after they have expired.
public struct RetentionSettings: Sendable, Hashable {
    /// Values that were published here.
    public var published = TimeSpan.forever
    /// Pinned values.
    public var pinned = TimeSpan.forever
    /// Values that others signed.
    public var signed = TimeSpan.days(365)
    /// Unsigned values.
    public var unsigned = TimeSpan.days(30)

    /// The defaults.
    public init() {}
}

/// How a node republishes values.
public struct UpkeepSettings: Sendable, Equatable {
    /// Whether it does at all.
    public var enabled = true
    /// How long after the last store a value is stored again.
    public var interval = TimeSpan(seconds: 45 * 60)
    /// How long after they were first stored the values of others are republished.
    public var lifetime = TimeSpan(seconds: 3600)
    /// How many requests a second republishing may take.
    public var packetsPerSecond = 400
    /// How long a value is served after it was stored. It is an hour for all peers of the public network.
    public var servedFor = TimeSpan(seconds: 3600)

    /// The defaults.
    public init() {}
}
