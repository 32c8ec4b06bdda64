public import IPv8
public import Kademlia
public import Maintenance

/// What a node is told when it is made.
public struct NodeConfiguration: Hashable, Sendable {
    /// The node's public key; the private one stays with whoever signs.
    public var identity: PublicKey
    /// The addresses of the node's sockets, at most one for each family. An unspecified host stands for all of the
    /// machine's.
    public var listenAddresses: [Address]
    /// Where the machine is in its own network, at most one for each family: what a peer behind the same NAT is told where
    /// a socket listens on all addresses.
    public var lanHosts: [IPAddress] = []
    /// Whether loopback and private networks are held to the limits of an address prefix, as all others are.
    public var limitsLocalNetworks = false
    /// Whether peers are looked for in the local network by broadcast, and those that look so are answered.
    public var callsLocalNetwork = false
    /// With more contacts than this, introduction requests are left unanswered, as the reference does with its
    /// `max_peers` of 30: `nil` for no limit.
    public var peerLimit: Int?
    /// Peers to join through.
    public var peers: [Address]
    /// Contacts of an earlier run.
    public var contacts: [Contact]
    /// Token secrets of an earlier run.
    public var tokenSecrets: [TokenSecret]
    /// The networks from which nothing is taken.
    public var bans: [Ban] = []
    /// When the recurring jobs of an earlier run were due.
    public var jobs: [JobReport] = []
    /// How long a value is served after it was stored: an hour (the reference's `MAX_ENTRY_AGE`).
    public var servedFor: Duration = .seconds(3600)
    /// Whether values are stored again.
    public var republishes = true
    /// How fast the republisher may go.
    public var republishLimits = RepublishLimits()
    /// Where the node's own random numbers start. Unpredictable in earnest, fixed in a simulation.
    public var seed: UInt64

    public init(
        identity: PublicKey, listenAddresses: [Address], peers: [Address] = [], contacts: [Contact] = [],
        tokenSecrets: [TokenSecret] = [], seed: UInt64
    ) {
        self.identity = identity
        self.listenAddresses = listenAddresses
        self.peers = peers
        self.contacts = contacts
        self.tokenSecrets = tokenSecrets
        self.seed = seed
    }
}
