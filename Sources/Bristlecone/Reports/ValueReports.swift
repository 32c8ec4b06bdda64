public import IPv8

/// The outcome of storing a value. This node has it on disk; otherwise there is an error instead of a report.
public struct StoreReport: Sendable, Equatable, Codable {
    /// The key that it was stored under.
    public var key: Target
    /// The version that it was signed with; `nil` for an unsigned value.
    public var version: UInt32?
    /// How many other nodes were asked to store it.
    public var asked: Int
    /// How many of them said that they did.
    public var acknowledged: Int
    /// How long it took.
    public var duration: Duration

    private enum CodingKeys: String, CodingKey {
        case key, version, asked, acknowledged
        case duration = "seconds"
    }
}

/// The outcome of a search for the values under a key.
public struct FindReport: Sendable, Equatable, Codable {
    public var key: Target
    /// The newest value of each signer, then the unsigned values.
    public var values: [FoundValue]
    /// How many nodes were asked; 0 if only this node's archive was.
    public var asked: Int
    /// How many of them answered.
    public var answered: Int
    /// How many of them had values.
    public var withValues: Int
    /// How long it took.
    public var duration: Duration

    private enum CodingKeys: String, CodingKey {
        case key, values, asked, answered, withValues
        case duration = "seconds"
    }
}

/// A value that a search found. The signature of a signed value has been checked.
public struct FoundValue: Sendable, Equatable, Codable {
    /// The application's data.
    public let data: [UInt8]
    /// The signer's key; `nil` for an unsigned value.
    public let signer: PublicKey?
    /// The signer's identity, which follows from the key.
    public let mid: Mid?
    /// The version that the signer gave it; `nil` for an unsigned value.
    public let version: UInt32?

    private enum CodingKeys: String, CodingKey {
        case data, mid, version
        case signer = "publicKey"
    }

    init(data: [UInt8], version: UInt32? = nil, signer: PublicKey? = nil) {
        self.data = data
        self.signer = signer
        mid = signer?.mid
        self.version = version
    }

    init(_ entry: Entry) {
        self.init(
            data: Array(entry.data), version: entry.signature?.version.number, signer: entry.signature?.signer)
    }
}
