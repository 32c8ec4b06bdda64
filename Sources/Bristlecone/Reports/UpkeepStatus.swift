public import IPv8

/// How the storing again of values stands, and the node's recurring jobs.
public struct UpkeepStatus: Sendable, Equatable {
    /// What it is doing: `off`, `waiting for the routing table`, `working` or `idle`.
    public var phase: String
    /// Keys that were due at the last look.
    public var dueKeys: Int
    /// Keys that come due again and again.
    public var keptKeys: Int
    /// Keys whose turn has not come yet.
    public var waitingKeys: Int
    /// Parts of the key space that are being worked on.
    public var activeArcs: Int
    /// Nodes that there are to store on, as far as is known.
    public var nodes: Int
    /// When the next key comes due; `nil` where none is known.
    public var nextDue: Instant?
    /// The recurring jobs, in the order of their names.
    public var jobs: [JobStatus]

    /// Puts a status together.
    public init(
        phase: String, dueKeys: Int, keptKeys: Int, waitingKeys: Int, activeArcs: Int, nodes: Int, nextDue: Instant?,
        jobs: [JobStatus]
    ) {
        self.phase = phase
        self.dueKeys = dueKeys
        self.keptKeys = keptKeys
        self.waitingKeys = waitingKeys
        self.activeArcs = activeArcs
        self.nodes = nodes
        self.nextDue = nextDue
        self.jobs = jobs
    }
}

/// A recurring job.
public struct JobStatus: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// When it is due next.
    public var due: Instant
    /// When it last had something to do; `nil` where it never had.
    public var lastRun: Instant?
    /// What that came to.
    public var lastResult: String?
    /// What one run may use.
    public var budget: String

    /// Puts one together.
    public init(name: String, due: Instant, lastRun: Instant?, lastResult: String?, budget: String) {
        self.name = name
        self.due = due
        self.lastRun = lastRun
        self.lastResult = lastResult
        self.budget = budget
    }
}

extension UpkeepStatus: Codable {
    private enum CodingKeys: String, CodingKey {
        case phase, nodes, jobs
        case dueKeys = "due_keys"
        case keptKeys = "kept_keys"
        case waitingKeys = "waiting_keys"
        case activeArcs = "active_arcs"
        case nextDue = "next_due"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        phase = try container.decode(String.self, forKey: .phase)
        dueKeys = try container.decode(Int.self, forKey: .dueKeys)
        keptKeys = try container.decode(Int.self, forKey: .keptKeys)
        waitingKeys = try container.decode(Int.self, forKey: .waitingKeys)
        activeArcs = try container.decode(Int.self, forKey: .activeArcs)
        nodes = try container.decode(Int.self, forKey: .nodes)
        nextDue = try container.decodeIfPresent(text: Instant.self, forKey: .nextDue)
        jobs = try container.decode([JobStatus].self, forKey: .jobs)
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(phase, forKey: .phase)
        try container.encode(dueKeys, forKey: .dueKeys)
        try container.encode(keptKeys, forKey: .keptKeys)
        try container.encode(waitingKeys, forKey: .waitingKeys)
        try container.encode(activeArcs, forKey: .activeArcs)
        try container.encode(nodes, forKey: .nodes)
        try container.encode(text: nextDue, forKey: .nextDue)
        try container.encode(jobs, forKey: .jobs)
    }
}

extension JobStatus: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, due, budget
        case lastRun = "last_run"
        case lastResult = "last_result"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        due = try container.decode(text: Instant.self, forKey: .due)
        lastRun = try container.decodeIfPresent(text: Instant.self, forKey: .lastRun)
        lastResult = try container.decodeIfPresent(String.self, forKey: .lastResult)
        budget = try container.decode(String.self, forKey: .budget)
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(text: due, forKey: .due)
        try container.encode(text: lastRun, forKey: .lastRun)
        try container.encode(lastResult, forKey: .lastResult)
        try container.encode(budget, forKey: .budget)
    }
}
