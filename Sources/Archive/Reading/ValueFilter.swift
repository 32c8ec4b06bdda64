package import IPv8

/// Selects the values of a listing. Conditions that are not set let everything through.
package struct ValueFilter: Hashable, Sendable {
    /// The keys that they stand under.
    package var keys = ValueFilter.allKeys
    /// Who signed them.
    package var signer: Mid?
    package var classes = Set(EntryClass.allCases)
    /// Whether they have expired.
    package var isExpired: Bool?
    /// Not seen before this moment.
    package var since: Instant?
    /// Seen before this moment.
    package var until: Instant?
    /// How many bytes the serialized value has.
    package var byteCounts: ClosedRange<Int>?
    /// What was there at this moment, in place of what is there now.
    package var asOf: Instant?

    /// A filter that lets everything through.
    package init() {}

    package static let allKeys =
        Target(bits: .zero)...Target(bits: Bits160(high: .max, middle: .max, low: .max))

    /// The keys that begin with hexadecimal digits, at most forty; `nil` if the text is anything else.
    package static func keys(beginningWith digits: String) -> ClosedRange<Target>? {
        let missing = 2 * Bits160.byteCount - digits.utf8.count
        guard missing >= 0, let lowest = Target(hex: digits + String(repeating: "0", count: missing)),
            let highest = Target(hex: digits + String(repeating: "f", count: missing))
        else { return nil }
        return lowest...highest
    }

    /// Whether a value under this key may pass, by the key alone.
    func admits(_ key: EntryKey) -> Bool {
        guard classes.contains(key.entryClass) else { return false }
        return signer == nil || key.optionalSigner == signer
    }

    /// Whether a value passes, by what its record says. What a damaged record would say is not known.
    func admits(_ record: ArchivedRecord?, at moment: Instant) -> Bool {
        guard let record else { return isExpired == nil && since == nil && until == nil && byteCounts == nil }
        if let isExpired, isExpired != (record.expiresAt <= moment) { return false }
        if let since, record.firstSeen < since { return false }
        if let until, record.firstSeen >= until { return false }
        return byteCounts?.contains(record.entry.bytes.count) ?? true
    }
}

extension EntryKey: Comparable {
    init(target: Target, class entryClass: EntryClass, identity id: EntryID) {
        self.target = target
        self.entryClass = entryClass
        self.id = id
    }

    /// The key of a signer's value under a target.
    init(target: Target, signedBy signer: Mid) {
        let entryClass: EntryClass = signer.bits == target.bits ? .owner : .signed
        self.init(target: target, class: entryClass, identity: EntryID(bits: signer.bits))
    }

    /// Orders as the bytes do.
    static func < (left: EntryKey, right: EntryKey) -> Bool {
        if left.target != right.target { return left.target < right.target }
        if left.entryClass != right.entryClass { return left.entryClass.rawValue < right.entryClass.rawValue }
        return left.id < right.id
    }
}
