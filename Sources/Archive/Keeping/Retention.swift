public import IPv8

/// How long values are kept after they have expired, by class; `nil` means as long as there is room.
public struct Retention: Hashable, Sendable {
    public var publishedHere: Duration?
    public var pinned: Duration?
    public var signed: Duration? = .seconds(365 * 86_400)
    /// For what nobody signed.
    public var unsigned: Duration? = .seconds(30 * 86_400)

    /// The defaults.
    public init() {}

    /// Expired values stay in the serving window for this long, so that a value that is stored again just after its expiry
    /// need not be moved to the retained ones and back.
    static let graceAfterExpiry: Duration = .seconds(3600)

    /// Why a value is kept for as long as it is.
    enum Reason {
        case publishedHere, pinned, signed, unsigned
    }

    /// How long values are kept for this reason.
    func duration(_ reason: Reason) -> Duration? {
        switch reason {
        case .publishedHere: publishedHere
        case .pinned: pinned
        case .signed: signed
        case .unsigned: unsigned
        }
    }

    /// Whether the retention of a value with this expiry is over.
    func isOver(_ reason: Reason, expiresAt: Instant, at now: Instant) -> Bool {
        guard let duration = duration(reason) else { return false }
        return expiresAt + duration <= now
    }
}

/// What can be pinned, blocked or forgotten.
public enum ArchiveSubject: Hashable, Sendable {
    /// All values under a key.
    case key(Target)
    /// All values of a signer, under whatever key.
    case signer(Mid)

    /// The bits of the key or the mid.
    var bits: Bits160 {
        switch self {
        case .key(let target): target.bits
        case .signer(let mid): mid.bits
        }
    }

    /// The kind's number in records.
    var kind: UInt8 {
        switch self {
        case .key: 1
        case .signer: 2
        }
    }

    /// Reads a key of the tables `pins` and `blocks`: `kind 1 | key or mid 20`.
    init?(_ key: UnsafeRawBufferPointer) {
        guard key.count == 1 + Bits160.byteCount else { return nil }
        switch key[0] {
        case 1: self = .key(Target(bits: key.bits160(at: 1)))
        case 2: self = .signer(Mid(bits: key.bits160(at: 1)))
        default: return nil
        }
    }

    var keyBytes: [UInt8] { [kind] + bits.bytes }
}
