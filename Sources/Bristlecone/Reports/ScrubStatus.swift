public import IPv8

/// How the scrub is, which re-reads everything that a node keeps.
public struct ScrubStatus: Sendable, Equatable {
    /// When the run under way was begun; `nil` between two runs.
    public var started: Instant?
    /// Records that it has read.
    public var checked: Int
    /// Damaged ones among them, which are in quarantine now.
    public var damaged: Int
    /// Good copies of damaged values that the network has given since the node was started.
    public var recovered: Int
    /// When the last run came to its end; `nil` before the first one did.
    public var lastFinished: Instant?
    /// Records that the last complete run read.
    public var lastChecked: Int
    /// Damaged ones among them.
    public var lastDamaged: Int

    /// Puts a status together.
    public init(
        started: Instant?, checked: Int, damaged: Int, recovered: Int, lastFinished: Instant?, lastChecked: Int,
        lastDamaged: Int
    ) {
        self.started = started
        self.checked = checked
        self.damaged = damaged
        self.recovered = recovered
        self.lastFinished = lastFinished
        self.lastChecked = lastChecked
        self.lastDamaged = lastDamaged
    }
}

extension ScrubStatus: Codable {
    private enum CodingKeys: String, CodingKey {
        case started, checked, damaged, recovered
        case lastFinished = "last_finished"
        case lastChecked = "last_checked"
        case lastDamaged = "last_damaged"
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        started = try container.decodeIfPresent(text: Instant.self, forKey: .started)
        checked = try container.decode(Int.self, forKey: .checked)
        damaged = try container.decode(Int.self, forKey: .damaged)
        recovered = try container.decode(Int.self, forKey: .recovered)
        lastFinished = try container.decodeIfPresent(text: Instant.self, forKey: .lastFinished)
        lastChecked = try container.decode(Int.self, forKey: .lastChecked)
        lastDamaged = try container.decode(Int.self, forKey: .lastDamaged)
    }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text: started, forKey: .started)
        try container.encode(checked, forKey: .checked)
        try container.encode(damaged, forKey: .damaged)
        try container.encode(recovered, forKey: .recovered)
        try container.encode(text: lastFinished, forKey: .lastFinished)
        try container.encode(lastChecked, forKey: .lastChecked)
        try container.encode(lastDamaged, forKey: .lastDamaged)
    }
}
