/// What is pinned, after a request to look or to change it.
public struct PinsReport: Sendable, Equatable, Codable {
    /// Everything that is pinned, keys before signers.
    public var pins: [KeepSubject]
    /// Whether the request changed anything.
    public var changed: Bool

    /// Puts a report together.
    public init(pins: [KeepSubject], changed: Bool) {
        self.pins = pins
        self.changed = changed
    }
}
