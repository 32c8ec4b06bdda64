public import FoundationEssentials
public import IPv8
package import Kademlia

extension NodeStatus {
    /// One address family: its socket, its node id and its routing table.
    public struct Endpoint: Sendable, Equatable, Codable {
        package let family: AddressFamily
        /// Where the socket is bound.
        public let listen: Address
        /// Where others see it; `nil` until a peer has told.
        public let external: Address?
        /// The node id that follows from that address.
        package let nodeID: NodeID
        /// How many nodes are in the routing table.
        public let contacts: Int
        /// How many of them have answered lately.
        public let goodContacts: Int
        /// How many buckets the table has.
        public let buckets: Int

        private enum CodingKeys: String, CodingKey {
            case family, listen, external, contacts, goodContacts, buckets
            case nodeID = "nodeId"
        }

        init(
            listen: Address, external: Address?, nodeID: NodeID, contacts: Int, goodContacts: Int, buckets: Int
        ) {
            family = listen.family
            self.listen = listen
            self.external = external
            self.nodeID = nodeID
            self.contacts = contacts
            self.goodContacts = goodContacts
            self.buckets = buckets
        }
    }

    /// A node that this one knows.
    public struct Contact: Sendable, Equatable, Codable {
        /// Where it is reached.
        public var address: Address
        /// Its identity.
        public var mid: Mid
        /// Its place in the key space.
        package var nodeID: NodeID
        /// Whether it answers.
        public var standing: Standing
        package var lastResponse: Instant?
        /// How many requests in a row it has left without an answer.
        public var failures: Int

        /// When it last answered; `nil` if it never did.
        public var lastAnswered: Date? { lastResponse.map { Date($0) } }

        /// Whether a contact answers.
        public enum Standing: String, Sendable, Codable, CaseIterable {
            /// It answers.
            case good
            /// It has not answered lately.
            case unknown
            /// It has left two requests in a row without an answer.
            case bad
        }

        private enum CodingKeys: String, CodingKey {
            case address, mid, lastResponse, failures
            case nodeID = "nodeId"
            case standing = "status"
        }
    }

    /// What the archive holds, and how much space that takes.
    public struct Storage: Sendable, Equatable, Codable {
        /// How many values there are.
        public var values: Int
        /// How many keys they are under.
        public var keys: Int
        /// Bytes of the pages in use, which the size limit counts.
        public var liveBytes: Int
        /// Bytes of the file, free pages included.
        public var mapBytes: Int
        /// The number of the last change in the journal.
        public var journalLast: Int
        /// The number of the last change that the index has followed.
        public var indexLast: Int
    }

    /// How the node finds its way into the network.
    package struct Joining: Sendable, Equatable, Codable {
        /// The peers that it was given.
        package var peers: [Address] = []
        /// Whether it asks bootstrap servers.
        package var asksBootstrapServers = false
        /// Whether it looks for peers in the local network.
        package var callsLocalNetwork = false

        private enum CodingKeys: String, CodingKey {
            case peers
            case asksBootstrapServers = "bootstrapServers"
            case callsLocalNetwork = "lanBroadcast"
        }
    }

    /// How the machine's clock compares with what the node has stored and published.
    package struct Clock: Sendable, Equatable, Codable {
        /// How far the clock is behind the newest change that was in the archive at the start; zero if it is not.
        package var behindArchive: Duration = .zero
        /// How far the highest version published since the start is ahead of the clock; zero if it is not.
        package var versionsAhead: Duration = .zero

        /// Many stores within a second, or a clock that is adjusted, explain a difference up to this.
        package static let leadIgnored: Duration = .seconds(60)

        private enum CodingKeys: String, CodingKey {
            case behindArchive = "behindArchiveSeconds"
            case versionsAhead = "versionsAheadSeconds"
        }
    }

    /// How far the scrub is, which reads all records again to find damage.
    package struct Scrub: Sendable, Equatable, Codable {
        /// When the present run began; `nil` between two runs.
        package var started: Instant?
        /// Records that it has read.
        package var checked: Int
        /// Damaged records among them, which are now in quarantine.
        package var damaged: Int
        /// Damaged values of which the network had a good replica, since the node started.
        package var recovered: Int
        /// When the last run ended; `nil` before the first one did.
        package var lastFinished: Instant?
        /// Records that the last complete run read.
        package var lastChecked: Int
        /// Damaged records among them.
        package var lastDamaged: Int
    }

    /// The state of the republisher, and of the node's other recurring tasks.
    package struct Upkeep: Sendable, Equatable, Codable {
        /// What the republisher is doing: `off`, `waiting for the routing table`, `working` or `idle`.
        package var phase: String
        /// Keys that were due at the last look.
        package var dueKeys: Int
        /// Keys that come due again and again.
        package var keptKeys: Int
        /// Keys whose turn has not come yet.
        package var waitingKeys: Int
        /// Parts of the key space that it is working on.
        package var activeArcs: Int
        /// Nodes that values can be stored on, as far as is known.
        package var nodes: Int
        /// When the next key comes due; `nil` if none is known.
        package var nextDue: Instant?
        /// The recurring tasks, in the order of their names.
        package var jobs: [RecurringTask]
    }

    /// Something that the node does again and again.
    package struct RecurringTask: Sendable, Equatable, Codable {
        package var name: String
        /// When it is due next.
        package var due: Instant
        /// When it last had something to do; `nil` if it never had.
        package var lastRun: Instant?
        /// The outcome of that.
        package var lastResult: String?
        /// How much one run may use.
        package var budget: String
    }
}
