public import IPv8

/// A scrub's position: a table, and the last key that was read in it.
public struct ScrubCursor: Hashable, Sendable {
    var table: UInt8
    var key: [UInt8]

    /// Before the first record.
    public static let start = ScrubCursor(table: Table.entries.rawValue, key: [])
}

/// The result of one step of a scrub.
public struct ScrubStep: Hashable, Sendable {
    /// Where to go on; `nil` if everything has been read.
    public var next: ScrubCursor?
    /// How many records were read.
    public var checked = 0
    /// The damaged ones among them, which are in quarantine now.
    public var damaged: [ScrubDamage] = []
}

/// A damaged record that a scrub found.
public struct ScrubDamage: Hashable, Sendable {
    /// The name of its table.
    public var table: String
    /// The key that it stood under.
    public var key: [UInt8]
    /// What is wrong with it, as the end of a sentence that begins with the record.
    public var fault: String
    /// The value that it was, where its key tells: somebody else may have a good copy.
    public var value: Lost?

    /// A value by what it is asked for with.
    public struct Lost: Hashable, Sendable {
        /// The key of the DHT.
        public var target: Target
        /// The signer's mid, or the SHA-1 of the unsigned value.
        public var id: EntryID
    }
}

/// How far a scrub is. The index keeps it, so that the scrub continues after a restart.
public struct ScrubState: Hashable, Sendable {
    /// The run under way: a name for it, when it was begun; `nil` between two runs.
    public var run: String?
    /// When the run under way was begun.
    public var startedAt: Instant?
    public var cursor = ScrubCursor.start
    /// Records that it has read.
    public var checked = 0
    /// Damaged ones among them.
    public var damaged = 0
    /// When the last run came to its end; `nil` before the first one did.
    public var finishedAt: Instant?
    /// Records that the last complete run read.
    public var finishedChecked = 0
    /// Damaged ones among them.
    public var finishedDamaged = 0

    /// No run yet.
    public init() {}

    public mutating func begin(_ run: String, at now: Instant) {
        (self.run, startedAt) = (run, now)
        (cursor, checked, damaged) = (.start, 0, 0)
    }

    /// Adds the result of a step. After the last step the run is over.
    public mutating func take(_ step: ScrubStep, at now: Instant) {
        checked += step.checked
        damaged += step.damaged.count
        guard let next = step.next else {
            (finishedAt, finishedChecked, finishedDamaged) = (now, checked, damaged)
            (run, startedAt, cursor, checked, damaged) = (nil, nil, .start, 0, 0)
            return
        }
        cursor = next
    }
}
