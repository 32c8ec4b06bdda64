public import IPv8

/// What upkeep has before it, how much traffic that is, and how long it takes.
public struct PlanReport: Sendable, Equatable {
    /// What upkeep is doing; `stopped` where no node runs.
    public var phase: String
    /// Keys that are due now.
    public var dueKeys: Int
    /// Keys that come due again and again.
    public var keptKeys: Int
    /// Nodes that there are to store on.
    public var nodes: Int
    /// Requests that what is due now takes.
    public var packets: Int
    /// Keys that can be stored in a second.
    public var keysPerSecond: Double
    /// How long what is due now takes; `nil` where there is nobody to store on.
    public var duration: Duration?
    /// How often a key comes due.
    public var interval: Duration
    /// Keys that come due in an interval beyond what can be stored in it.
    public var keysBeyondCapacity: Int
    /// When the next key comes due that is not yet; `nil` where none will.
    public var nextDue: Instant?

    /// Puts a plan together.
    public init(
        phase: String, dueKeys: Int, keptKeys: Int, nodes: Int, packets: Int, keysPerSecond: Double,
        duration: Duration?, interval: Duration, keysBeyondCapacity: Int, nextDue: Instant?
    ) {
        self.phase = phase
        self.dueKeys = dueKeys
        self.keptKeys = keptKeys
        self.nodes = nodes
        self.packets = packets
        self.keysPerSecond = keysPerSecond
        self.duration = duration
        self.interval = interval
        self.keysBeyondCapacity = keysBeyondCapacity
        self.nextDue = nextDue
    }
}

extension PlanReport: Codable {
    private enum CodingKeys: String, CodingKey {
        case phase, nodes, packets
        case dueKeys = "due_keys"
        case keptKeys = "kept_keys"
        case keysPerSecond = "keys_per_second"
        case duration = "duration_seconds"
        case interval = "interval_seconds"
        case keysBeyondCapacity = "keys_beyond_capacity"
        case nextDue = "next_due"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        phase = try container.decode(String.self, forKey: .phase)
        dueKeys = try container.decode(Int.self, forKey: .dueKeys)
        keptKeys = try container.decode(Int.self, forKey: .keptKeys)
        nodes = try container.decode(Int.self, forKey: .nodes)
        packets = try container.decode(Int.self, forKey: .packets)
        keysPerSecond = try container.decode(Double.self, forKey: .keysPerSecond)
        duration =
            try container.decodeNil(forKey: .duration) ? nil : container.decodeSeconds(forKey: .duration)
        interval = try container.decodeSeconds(forKey: .interval)
        keysBeyondCapacity = try container.decode(Int.self, forKey: .keysBeyondCapacity)
        nextDue = try container.decodeIfPresent(text: Instant.self, forKey: .nextDue)
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(phase, forKey: .phase)
        try container.encode(dueKeys, forKey: .dueKeys)
        try container.encode(keptKeys, forKey: .keptKeys)
        try container.encode(nodes, forKey: .nodes)
        try container.encode(packets, forKey: .packets)
        try container.encode(keysPerSecond, forKey: .keysPerSecond)
        if let duration {
            try container.encode(seconds: duration, forKey: .duration)
        } else {
            try container.encodeNil(forKey: .duration)
        }
        try container.encode(seconds: interval, forKey: .interval)
        try container.encode(keysBeyondCapacity, forKey: .keysBeyondCapacity)
        try container.encode(text: nextDue, forKey: .nextDue)
    }
}
