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

    package var key: Target? { if case .key(let target) = self { target } else { nil } }
    package var signer: Mid? { if case .signer(let mid) = self { mid } else { nil } }
}

/// A pin: a key or a signer.
package struct PinReport: Sendable, Equatable, Codable {
    package var key: Target?
    package var signer: Mid?
    /// How well the DHT holds the key; `nil` for a signer.
    package var replicas: ReplicaHealth?

    package init(_ subject: KeepSubject, replicas: ReplicaHealth?) {
        (key, signer, self.replicas) = (subject.key, subject.signer, replicas)
    }
}

/// The outcome of pinning and unpinning, or of blocking and unblocking.
package struct SubjectChangeReport: Sendable, Equatable, Codable {
    /// How many were not pinned or blocked before and are now.
    package var added: Int
    /// How many were pinned or blocked before and are not any more.
    package var removed: Int
    /// How many were as wanted already.
    package var unchanged: Int

    package init(added: Int, removed: Int, unchanged: Int) {
        (self.added, self.removed, self.unchanged) = (added, removed, unchanged)
    }
}

/// The outcome of storing many values.
package struct BulkStoreReport: Sendable, Equatable, Codable {
    /// How many are on this node's disk now.
    package var stored: Int
    /// How many of these the node is storing on other nodes now. The others follow when it republishes what it published.
    package var publishing: Int
    /// How many were refused.
    package var refused: Int
    /// The first of those that were refused, and why.
    package var refusals: [Refused]

    package struct Refused: Sendable, Equatable, Codable {
        /// Which value of the request, counted from 0.
        package var index: Int
        /// Why, a sentence.
        package var reason: String

        package init(index: Int, reason: String) { (self.index, self.reason) = (index, reason) }
    }

    /// How many refusals are told one by one.
    package static let refusalsMax = 100

    package init(stored: Int = 0, publishing: Int = 0, refused: Int = 0, refusals: [Refused] = []) {
        (self.stored, self.publishing, self.refused, self.refusals) = (stored, publishing, refused, refusals)
    }
}

/// How well the DHT holds a pinned key.
public struct ReplicaHealth: Sendable, Equatable, Codable {
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
    package var key: Target
    /// How many values were withdrawn.
    package var withdrawnCount: Int
    /// Whether the node goes on to republish them, because the key or its own mid is pinned.
    package var isPinned: Bool

    package init(key: Target, withdrawnCount: Int, isPinned: Bool) {
        (self.key, self.withdrawnCount, self.isPinned) = (key, withdrawnCount, isPinned)
    }

    private enum CodingKeys: String, CodingKey {
        case key
        case withdrawnCount = "withdrawn"
        case isPinned = "pinned"
    }
}

/// The outcome of forgetting keys and signers.
package struct ForgetReport: Sendable, Equatable, Codable {
    /// The key or the signer if there was only one.
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

    package init(_ subjects: [KeepSubject], erasedRecords: Int, isBlocked: Bool) {
        key = subjects.count == 1 ? subjects[0].key : nil
        signer = subjects.count == 1 ? subjects[0].signer : nil
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
