public import IPv8
public import Logging

/// What an operator can decide about a node. A value made without arguments holds the defaults.
///
/// ``EffectiveConfiguration`` puts one together from file, environment and flags and checks it; a value that a program
/// makes itself is taken as it is.
public struct NodeSettings: Sendable, Equatable {
    /// The folder that everything is kept in; relative to the current one unless it begins with `/`.
    public var dataFolder = "./data"
    /// Where to listen for datagrams: one address a family at most. Port 0 means any free one.
    public var listen = [Address(host: .v4(0), port: 8090)]
    /// Peers to join through: asked at every start, and again for as long as they do not answer.
    public var peers: [Address] = []
    /// Whether the bootstrap servers are asked for peers.
    public var bootstrap = true
    /// The servers that are asked if ``bootstrap`` is set.
    public var bootstrapServers = BootstrapServer.reference
    /// Whether peers are looked for in the local network by broadcast, and those that look so are answered.
    public var callsLocalNetwork = false
    /// With more contacts than this, newcomers are left to others to introduce; 0 for no limit.
    public var peerLimit = 30
    /// Whether loopback and private networks are held to what an address prefix may take, as all others are.
    public var limitsLocalNetworks = false
    /// Messages of this level and above are logged.
    public var logLevel = Logger.Level.info
    /// How much space the archive may take.
    public var archiveSizeLimit = ByteSize.gibibytes(50)
    /// How much space is left free on the disk that holds the data folder: stores are refused before it is touched.
    public var diskReserve = ByteSize.gibibytes(1)
    /// How many values are kept under one key.
    public var valuesPerKeyMax = 1024
    /// What part of the archive's space each kind of record may take.
    public var shares = ShareSettings()
    /// How long values are kept after they have expired.
    public var retention = RetentionSettings()
    /// Whether a store is acknowledged before it is on disk: faster, and a crash loses up to a second of it.
    public var relaxedDurability = false
    /// How many records a second are read again in the background; 0 for none.
    public var scrubRate = 17
    /// How values are kept alive in the DHT.
    public var upkeep = UpkeepSettings()
    /// Threads that check and make signatures; 0 stands for one a processor core.
    public var threads = 0

    /// The defaults.
    public init() {}
}
