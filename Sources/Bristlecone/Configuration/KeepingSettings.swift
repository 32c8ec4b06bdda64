/// What part of the archive's space each kind of record may take, in percent.
public struct ShareSettings: Sendable, Hashable {
    /// Values that the DHT is served.
    public var served = 50
    /// Values that have expired and are kept.
    public var retained = 26
    /// Earlier versions of values.
    public var history = 14
    /// Versions below which nothing is taken any more.
    public var floors = 6
    /// Pairs of values that prove that a signer contradicted himself.
    public var evidence = 4

    /// The defaults.
    public init() {}

    /// All of them together.
    var sum: Int { served + retained + history + floors + evidence }
}

/// How long values are kept after they have expired, by what they are.
public struct RetentionSettings: Sendable, Hashable {
    /// What was published here.
    public var published = TimeSpan.forever
    /// What is pinned.
    public var pinned = TimeSpan.forever
    /// What others signed.
    public var signed = TimeSpan.days(365)
    /// What nobody signed.
    public var unsigned = TimeSpan.days(30)

    /// The defaults.
    public init() {}
}
