public import FoundationEssentials
public import IPv8

/// What an operator pins, forgets or blocks.
public enum KeepSubject: Sendable, Hashable {
    /// All values under a key.
    case key(Target)
    /// All values of a signer, under every key.
    case signer(Mid)
}

extension KeepSubject: Codable {
    private enum CodingKeys: String, CodingKey {
        case key, signer
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let key = try container.decodeIfPresent(Target.self, forKey: .key) {
            guard try container.decodeIfPresent(Mid.self, forKey: .signer) == nil else {
                throw DecodingError.dataCorruptedError(
                    forKey: .signer, in: container, debugDescription: "give a key or a signer, not both.")
            }
            self = .key(key)
        } else {
            self = .signer(try container.decode(Mid.self, forKey: .signer))
        }
    }

    /// Writes `key` and `signer`, one of which is `null`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(key, forKey: .key)
        try container.encode(signer, forKey: .signer)
    }

    fileprivate var key: Target? { if case .key(let target) = self { target } else { nil } }
    fileprivate var signer: Mid? { if case .signer(let mid) = self { mid } else { nil } }
}

/// The pins.
package struct PinsReport: Sendable, Equatable, Codable {
    /// All pins, keys before signers.
    package var pins: [KeepSubject]
    /// How well the DHT holds each pinned key, in the order of keys. A pinned signer counts with all its keys.
    package var health: [ReplicaHealth]
}

extension PinsReport {
    package init(_ pins: [KeepSubject], health: [ReplicaHealth]) {
        (self.pins, self.health) = (pins, health)
    }
}

/// The outcome of pinning and unpinning.
package struct PinChangeReport: Sendable, Equatable, Codable {
    /// How many were not pinned before and are now.
    package var added: Int
    /// How many were pinned before and are not any more.
    package var removed: Int
    /// How many were as wanted already.
    package var unchanged: Int

    package init(added: Int, removed: Int, unchanged: Int) {
        (self.added, self.removed, self.unchanged) = (added, removed, unchanged)
    }
}

/// How well the DHT holds a pinned key.
public struct ReplicaHealth: Sendable, Equatable, Codable {
    /// The key.
    public var key: Target
    package var lookedAt: Instant?
    /// How many nodes answered then.
    public var answered: Int
    /// How many of them had a replica before the node stored it again.
    public var found: Int
    /// How many other nodes acknowledged it when it was last stored again.
    public var holders: Int

    /// When the node last looked for it; `nil` if it has not yet.
    public var lookedFor: Date? { lookedAt.map { Date($0) } }
}

/// The outcome of withdrawing what was published under a key.
package struct WithdrawReport: Sendable, Equatable, Codable {
    /// The key.
    package var key: Target
    /// How many values were withdrawn.
    package var withdrawnCount: Int

    package init(key: Target, withdrawnCount: Int) { (self.key, self.withdrawnCount) = (key, withdrawnCount) }

    private enum CodingKeys: String, CodingKey {
        case key
        case withdrawnCount = "withdrawn"
    }
}

/// The outcome of forgetting a key or a signer.
package struct ForgetReport: Sendable, Equatable, Codable {
    private var key: Target?
    private var signer: Mid?
    /// How many records were erased.
    package var erasedRecords: Int
    /// Whether the node will refuse its values from now on.
    package var isBlocked: Bool

    private enum CodingKeys: String, CodingKey {
        case key, signer
        case erasedRecords = "erased"
        case isBlocked = "blocked"
    }

    package init(subject: KeepSubject, erasedRecords: Int, isBlocked: Bool) {
        key = subject.key
        signer = subject.signer
        self.erasedRecords = erasedRecords
        self.isBlocked = isBlocked
    }
}

/// What the node has to republish, how much traffic that is, and how long it takes.
package struct PlanReport: Sendable, Equatable, Codable {
    /// What the republisher is doing.
    package var phase: String
    /// Keys that are due now.
    package var dueKeys: Int
    /// Keys that come due again and again.
    package var keptKeys: Int
    /// Nodes that values can be stored on.
    package var nodes: Int
    /// Requests that the keys due now take.
    package var packets: Int
    /// Keys that can be stored in a second.
    package var keysPerSecond: Double
    /// How long the keys due now take; `nil` if there is no node to store them on.
    package var duration: Duration?
    /// How often a key comes due.
    package var interval: Duration
    /// Keys that come due in an interval beyond those that can be stored in it.
    package var keysBeyondCapacity: Int
    /// When the next key comes due; `nil` if none will.
    package var nextDue: Instant?

    private enum CodingKeys: String, CodingKey {
        case phase, dueKeys, keptKeys, nodes, packets, keysPerSecond, keysBeyondCapacity, nextDue
        case duration = "durationSeconds"
        case interval = "intervalSeconds"
    }
}
