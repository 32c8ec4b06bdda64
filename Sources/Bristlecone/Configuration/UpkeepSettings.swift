/// What an operator can decide about storing values in the DHT again.
public struct UpkeepSettings: Sendable, Equatable {
    /// Whether values are stored again at all.
    public var enabled = true
    /// How long after a value was last stored it is stored again.
    public var interval = TimeSpan(seconds: 45 * 60)
    /// How long after they came into the world the values of others are stored again.
    public var lifetime = TimeSpan(seconds: 3600)
    /// How many requests a second upkeep sends at most.
    public var packetsPerSecond = 400
    /// How long a value is served after it was stored. It is an hour for all peers of the public network.
    public var servedFor = TimeSpan(seconds: 3600)

    /// The defaults.
    public init() {}
}
