public import IPv8
public import Maintenance

/// Something to be written. All changes of one commit become durable together.
public enum ArchiveChange: Hashable, Sendable {
    /// Keep values.
    case store(StoreChange)
    /// Keep these token secrets and no others, the newest four at most.
    case tokenSecrets([TokenSecret])
    /// Keep all values of this subject, whatever their age and whoever brought them.
    case pin(ArchiveSubject)
    /// Keep them like any others again.
    case unpin(ArchiveSubject)
    /// Take no more values of this subject.
    case block(ArchiveSubject)
    /// Take them again.
    case unblock(ArchiveSubject)
    /// Stand no longer by a value that was published here: it is kept like anybody's from now on.
    case withdraw(Target, Entry)
    /// Serve values on that have been stored in the DHT again, those that are still held at the same version.
    case refresh(RefreshChange)
}

extension TokenSecret {
    /// The longest secret that is kept.
    static let byteCountMax = 64
    /// How many secrets are kept at most: the newest ones.
    static let countMax = 4
}

/// What became of a change.
public enum ArchiveOutcome: Hashable, Sendable {
    /// What became of each value of a store, in the order of the request.
    case store([StoreOutcome])
    /// The token secrets are kept.
    case tokenSecrets
    /// It is so now, for pins, blocks, withdrawals and refreshes; false if it was so before.
    case done(changed: Bool)
    /// A change other than a store was refused.
    case refused(Refusal)
}

/// What became of one value. All but a refusal may be acknowledged: the value is held at its version or a later one.
public enum StoreOutcome: Hashable, Sendable {
    /// It was not held and now is.
    case stored
    /// It took the place of another one by the same signer.
    case replaced
    /// It was held already; its expiry moved, where that was worth a write.
    case refreshed
    /// A later version is held, or was.
    case superseded
    /// The same version is held with other data, which stays.
    case kept
    /// It is not held.
    case refused(Refusal)

    /// Whether the value is held at its version or a later one, so that the store may be acknowledged.
    public var isHeld: Bool {
        switch self {
        case .stored, .replaced, .refreshed, .superseded, .kept: true
        case .refused: false
        }
    }
}

/// Why a value is not taken.
public enum Refusal: String, Hashable, Sendable, CaseIterable {
    /// The archive's file is as large as it may be.
    case quota
    /// The values that are served take all of their budget, and none may be given up for this one.
    case budget
    /// The operator has blocked it. It is not acknowledged, because it is not held, and whoever publishes it is to look
    /// for another node; that a publisher who insists may come to think of us as dead is the price.
    case blocked
    /// Its target holds as many values of its class as it may.
    case targetQuota = "target_quota"
    /// The disk, or the map, has no more room than is kept in reserve.
    case diskReserve = "disk_reserve"
    /// There are as many pins, or blocks, as there may be.
    case tooMany = "too_many"
}

extension Refusal: CustomStringConvertible {
    /// One sentence for the operator, who wanted something else than a store: what is wrong, and what to do.
    public var description: String {
        switch self {
        case .quota, .budget: "The archive is as large as it may be: raise archive.size_limit, and try again."
        case .blocked: "You have barred this key or signer; lift it with \"bristlecone forget --unblock\" first."
        case .targetQuota: "The key has as many values as it may: raise archive.values_per_key, and try again."
        case .diskReserve:
            "The disk has no room beyond what archive.disk_reserve keeps free: make room, and try again."
        case .tooMany:
            "There are \(StorePass.subjectsMax) of that kind, which is as many as there may be: remove one first."
        }
    }
}
