public import IPv8
public import Maintenance

/// A change of the archive. All changes of one commit become durable together.
public enum ArchiveChange: Hashable, Sendable {
    /// Store values.
    case store(StoreChange)
    /// Keep these token secrets instead of all others, at most the newest four.
    case tokenSecrets([TokenSecret])
    /// Keep all values of this subject, whatever their age and source.
    case pin(ArchiveSubject)
    /// End a pin.
    case unpin(ArchiveSubject)
    /// Refuse values of this subject.
    case block(ArchiveSubject)
    /// End a block.
    case unblock(ArchiveSubject)
    /// Withdraw a value that was published here. From now on it is kept like anybody else's.
    case withdraw(Target, Entry)
    /// Extend the serving time of values that have been republished, if they are still stored in the same version.
    case refresh(RefreshChange)
}

extension TokenSecret {
    /// The longest secret that is kept.
    static let byteCountMax = 64
    /// How many secrets are kept at most: the newest ones.
    static let countMax = 4
}

/// The outcome of a change.
public enum ArchiveOutcome: Hashable, Sendable {
    /// The outcome of each value of a store, in the order of the request.
    case store([StoreOutcome])
    /// The token secrets are kept.
    case tokenSecrets
    /// Pins, blocks, withdrawals and refreshes: whether anything changed.
    case done(changed: Bool)
    /// A change other than a store was refused.
    case refused(Refusal)
}

/// The outcome of one value. All but a refusal may be acknowledged: the archive has the value in its version or a later one.
public enum StoreOutcome: Hashable, Sendable {
    /// It is new.
    case stored
    /// It replaced another version by the same signer.
    case replaced
    /// It was stored already. Its expiry moved, if that was worth a write.
    case refreshed
    /// A later version is or was stored.
    case superseded
    /// The same version is stored with other data, which stays.
    case kept
    case refused(Refusal)

    /// Whether the archive has the value in its version or a later one, so that the store may be acknowledged.
    public var isHeld: Bool {
        switch self {
        case .stored, .replaced, .refreshed, .superseded, .kept: true
        case .refused: false
        }
    }
}

/// Why a value is refused.
public enum Refusal: String, Hashable, Sendable, CaseIterable {
    /// The archive's file has reached its limit.
    case quota
    /// Served values use all of their budget, and none may be given up for this one.
    case budget
    /// The operator has blocked it. It is not stored and so not acknowledged, and its publisher should look for another node.
    /// The price: a publisher that insists may take this node for dead.
    case blocked
    /// Its target has as many values of its class as it may.
    case targetQuota = "target_quota"
    /// Only the reserve is left of the disk or the map.
    case diskReserve = "disk_reserve"
    /// There are as many pins, or blocks, as there may be.
    case tooMany = "too_many"
}

extension Refusal: CustomStringConvertible {
    /// One sentence for the operator, who wanted something else than a store: what is wrong, and what to do.
    public var description: String {
        switch self {
        case .quota: "The archive is as large as it may be: raise archive.size_limit, and try again."
        case .budget:
            "What is published here or pinned takes all of its share: raise archive.size_limit or archive.served_share, and "
                + "try again."
        case .blocked: "You have blocked this key or signer; lift it with \"bristlecone block remove\" first."
        case .targetQuota: "The key has as many values as it may: raise archive.values_per_key, and try again."
        case .diskReserve:
            "The disk has no room beyond what archive.disk_reserve keeps free: make room, and try again."
        case .tooMany:
            "There are \(StorePass.subjectsMax) of that kind, which is as many as there may be: remove one first."
        }
    }
}
