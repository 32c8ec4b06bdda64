/// What part of the archive's space each kind of record may take, in percent.
package struct ShareSettings: Sendable, Hashable {
    /// Values that the DHT is served.
    package var served = 50
    /// Values that have expired and are kept.
    package var retained = 26
    /// Earlier versions of values.
    package var history = 14
    /// Versions below which nothing is taken any more.
    package var floors = 6
    /// Pairs of values that prove that a signer contradicted himself.
    package var evidence = 4

    /// The defaults.
    package init() {}

    /// All of them together.
    var sum: Int { served + retained + history + floors + evidence }
}

/// How long values are retained after they have expired.
public struct RetentionSettings: Sendable, Hashable {
    /// Values that were published here.
    public var published = TimeSpan.forever
    /// Pinned values.
    public var pinned = TimeSpan.forever
    /// Values that others signed.
    public var signed = TimeSpan.days(365)
    /// Unsigned values.
    public var unsigned = TimeSpan.days(30)

    /// The defaults.
    public init() {}
}
