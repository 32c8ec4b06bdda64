/// What to do, as `tools/bench` says it.
struct Instructions: Decodable {
    var nodes: [Node]
    /// How many peers ask. Each asks at most ``Subject/requestsPerPeerMax`` times in five seconds.
    var identities: Int
    /// How often the closed loops are measured, and the open ones.
    var repetitions: Int
    var openRepetitions: Int
    /// How long each measurement takes, about.
    var seconds: Double
    /// How many requests are under way at once in a closed loop.
    var window: Int
    /// Requests a second in an open loop, the same for each node; half of what a node can do is measured too.
    var openRate: Double
    var openSeconds: Double
    /// How many requests each closed loop has, if not as many as fit into its time. Each loop is then announced, and waits
    /// for a line of input, so that others can count what the node does meanwhile.
    var requests: Int?
    /// After which time a request counts as unanswered, if not after five seconds.
    var patienceSeconds: Double?
    /// How often a second one of the node's contacts pings it beside the load, if they do.
    var contactPings: Double?

    struct Node: Decodable {
        var name: String
        var address: String
        /// Whose processor time is counted.
        var pid: Int32
        var kinds: [RequestKind]
        /// Whether it is a node: it limits requests and signs its answers.
        var isNode: Bool
    }
}

/// What is asked of a node.
enum RequestKind: String, Codable, CaseIterable {
    case ping
    case findNothing = "find_nothing"
    case storeUnsigned = "store_unsigned"
    case storeSigned = "store_signed"
    case findValue = "find_value"

    /// The byte that says which message the answer is.
    var responseID: UInt8 {
        switch self {
        case .ping: 2
        case .storeUnsigned, .storeSigned: 4
        case .findNothing, .findValue: 6
        }
    }

    var isFind: Bool { self == .findNothing || self == .findValue }
}

/// One line of output.
struct ResultLine: Encodable {
    /// What the closed loop asks for that waits for a line of input.
    var waiting: RequestKind?
    var signatures: SignatureCost?
    var measurement: Measurement?
}

/// What libsodium takes for 250 bytes, in processor time.
struct SignatureCost: Encodable {
    var verifyMicroseconds: Double
    var signMicroseconds: Double
}

/// What one measurement came to. Latencies are in microseconds, from the moment that a request was due: in a closed loop
/// that is when it was sent.
struct Measurement: Encodable {
    var node: String
    var kind: RequestKind
    /// `closed` or `open`.
    var loop: String
    var repetition: Int
    /// Requests a second that an open loop meant to send.
    var intendedRate: Double?
    var asked: Int
    var answered: Int
    /// Answers that say something else than they should.
    var wrong: Int
    var seconds: Double
    /// Processor time of the node for each answered request, with what it did afterwards because of them.
    var nodeMicroseconds: Double
    var generatorMicroseconds: Double
    /// How long the load waited for the limits that a node sets its peers.
    var heldSeconds: Double
    var latency: Percentiles
    /// How many nodes the answers to finds named, on average.
    var nodesNamed: Double?
    /// How late the generator sent, in an open loop.
    var lateness: Percentiles?
    var contacts: ContactPings?
}

/// How the node answered its contacts beside the load.
struct ContactPings: Encodable {
    var asked: Int
    var answered: Int
    var latency: Percentiles
}

struct Percentiles: Encodable {
    var p50: Double
    var p90: Double
    var p99: Double
    var p999: Double
    var max: Double

    /// - Parameter times: in nanoseconds.
    init(_ times: [UInt64]) {
        let sorted = times.sorted()
        func at(_ share: Double) -> Double {
            guard !sorted.isEmpty else { return 0 }
            return Double(sorted[Int(Double(sorted.count - 1) * share)]) / 1000
        }
        p50 = at(0.5)
        p90 = at(0.9)
        p99 = at(0.99)
        p999 = at(0.999)
        max = at(1)
    }
}
