internal import IPv8

/// Decides when a value is republished, before other nodes drop it.
///
/// Values that were published here are republished until they are withdrawn. Values of others are republished until
/// ``lifetime`` after their origin, which is the earlier of their version and their first arrival here. So our copies end at
/// most one serving time after that, however many archives pass the value on. A value that was stored lately is not due.
public struct RepublishRule: Hashable, Sendable {
    /// How long after it was last stored a value is due. It is served for an hour.
    public var interval: Duration = .seconds(45 * 60)
    /// How long after their origin the values of others are stored again.
    public var lifetime: Duration = .seconds(3600)
    /// How long a node serves what was just stored on it (the reference's `MAX_ENTRY_AGE`).
    public var servedFor: Duration = .seconds(3600)

    /// How much earlier than ``interval`` a value may be due, so that what came together is not due together.
    public var jitterMax: Duration = .seconds(450)

    /// The defaults.
    public init() {}

    /// When a value is due; `nil` for never.
    func due(_ record: ArchivedRecord, isRetained: Bool, under key: EntryKey) -> Instant? {
        let due = record.lastStored + interval - jitter(of: record, under: key)
        if record.provenance == .publishedHere { return record.isWithdrawn ? nil : due }
        guard !isRetained else { return nil }
        return due <= origin(of: record) + lifetime ? due : nil
    }

    /// Whether a value is due that comes due at a moment. None comes due later than after an interval; one that seems to was
    /// stored while the clock was ahead, and is due, since waiting for the clock to be there again would lose it.
    func isDue(_ moment: Instant, at now: Instant) -> Bool { moment <= now || moment > now + interval }

    /// A value's origin: the earlier of its version, which is the second in which it was signed, and its first arrival here.
    func origin(of record: ArchivedRecord) -> Instant {
        guard let version = record.entry.signature?.version else { return record.firstSeen }
        return min(Instant(seconds: Int64(version.number)), record.firstSeen)
    }

    /// Differs between values and times, but is always the same for one of them, so that a rebuilt index has the same moments.
    private func jitter(of record: ArchivedRecord, under key: EntryKey) -> Duration {
        var mixed = key.target.bits.middle ^ key.id.bits.middle ^ UInt64(bitPattern: record.lastStored.nanoseconds)
        // The finalizer of SplitMix64.
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        mixed ^= mixed >> 31
        return jitterMax * (Double(mixed >> 11) / Double(1 << 53))
    }
}

extension RepublishRule: CustomStringConvertible {
    /// What the moments in an index follow from.
    public var description: String { "\(interval.nanoseconds)/\(lifetime.nanoseconds)/\(jitterMax.nanoseconds)" }
}
