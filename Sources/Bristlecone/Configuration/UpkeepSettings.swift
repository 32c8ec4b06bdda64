/// How a node republishes values.
public struct UpkeepSettings: Sendable, Equatable {
    /// Whether it does at all.
    public var enabled = true
    /// How long after the last store a value is stored again.
    public var interval = TimeSpan(seconds: 45 * 60)
    /// How long after they were first stored the values of others are republished.
    public var lifetime = TimeSpan(seconds: 3600)
    /// How many requests a second republishing may take.
    public var packetsPerSecond = 400
    /// How long a value is served after it was stored. It is an hour for all peers of the public network.
    public var servedFor = TimeSpan(seconds: 3600)

    /// The defaults.
    public init() {}
}
