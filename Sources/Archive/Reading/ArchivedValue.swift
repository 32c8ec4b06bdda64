public import IPv8

/// A value that is or was in an archive, or what is left of a damaged one.
public struct ArchivedValue: Hashable, Sendable {
    /// The key that it stands under.
    public var target: Target
    /// Whose place under the key it has.
    public var entryClass: EntryClass
    /// The signer's mid, or the SHA-1 of the unsigned value.
    public var id: EntryID
    /// What is known of it; `nil` if the record is damaged.
    public var record: ArchivedRecord?
    /// Whether it has left the serving window.
    public var isRetained = false
    /// When another version took its place; `nil` if it is the one that is held.
    public var replacedAt: Instant?
    /// What was found out about its signature; `nil` if it is unsigned, or the index was not asked or does not say.
    public var verification: Verification?

    /// Who signed it; `nil` if nobody did.
    public var signer: Mid? { entryClass == .unsigned ? nil : Mid(bits: id.bits) }

    init(_ key: EntryKey, _ record: ArchivedRecord?, isRetained: Bool = false, replacedAt: Instant? = nil) {
        target = key.target
        entryClass = key.entryClass
        id = key.id
        self.record = record
        self.isRetained = isRetained
        self.replacedAt = replacedAt
    }
}

extension ArchivedValue {
    /// What becomes of a value.
    public enum State: String, Hashable, Sendable, Codable {
        /// Whoever asks for the key is given it.
        case served
        /// A later version has taken its place.
        case replaced
        /// It has expired, and is in the serving window still.
        case expired
        /// It has expired, and has left the serving window.
        case retained
        /// Its record does not match its checksum.
        case damaged
    }

    /// The state at a moment.
    public func state(at now: Instant) -> State {
        guard let record else { return .damaged }
        if let replacedAt, replacedAt <= now { return .replaced }
        if record.expiresAt > now { return .served }
        return isRetained ? .retained : .expired
    }
}

/// What was found out about a value's signature.
public struct Verification: Hashable, Sendable {
    /// The level of the signer's key.
    public var algorithm: String
    /// `valid` or `invalid`.
    public var result: String
    /// When it was checked.
    public var at: Instant
    /// `store`, or the run of a scrub.
    public var by: String
}

extension EntryClass {
    /// The class in a word.
    public var name: String {
        switch self {
        case .owner: "owner"
        case .signed: "signed"
        case .unsigned: "unsigned"
        }
    }
}

extension ArchivedValue {
    /// Whether the DHT is served it before another one, or would be: by class, then the newest version, of unsigned values
    /// that which came last.
    static func isServedFirst(_ left: ArchivedValue, _ right: ArchivedValue) -> Bool {
        (left.entryClass.rawValue, right.newness, left.id) < (right.entryClass.rawValue, left.newness, right.id)
    }

    private var newness: Int64 {
        guard let record else { return .min }
        return record.entry.signature.map { Int64($0.version.number) } ?? record.firstSeen.nanoseconds
    }
}
