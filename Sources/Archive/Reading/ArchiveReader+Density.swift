internal import IPv8

/// A stretch of the key space: all keys that begin with the same bits.
package struct KeyPrefix: Hashable, Sendable {
    /// The leading bits, and zeros.
    let bits: Bits160
    /// How many bits the keys share.
    package let count: Int

    /// A longer one would leave no key's place within its part to tell.
    package static let countMax = 48
    package static let everything = KeyPrefix(bits: .zero, count: 0)

    private init(bits: Bits160, count: Int) { (self.bits, self.count) = (bits, count) }

    /// Reads `0` and `1`; `nil` for any other text or one that is too long.
    package init?(_ text: String) {
        guard text.utf8.count <= KeyPrefix.countMax else { return nil }
        var bits = Bits160.zero
        for (place, digit) in text.utf8.enumerated() {
            switch digit {
            case UInt8(ascii: "0"): continue
            case UInt8(ascii: "1"): bits[bit: place] = true
            default: return nil
            }
        }
        self.init(bits: bits, count: text.utf8.count)
    }

    /// The bits as `0` and `1`.
    package var text: String { (0..<count).map { bits[bit: $0] ? "1" : "0" }.joined() }

    /// The number, from the left, of the part that a key lies in, and how far into it the key lies; `nil` if the key does not
    /// begin with these bits.
    fileprivate func place(of key: Bits160) -> (part: Int, share: Double)? {
        guard (key ^ bits).leadingZeroBitCount >= count else { return nil }
        let part = Int(key.window(at: count) >> UInt64(64 - ValueDensity.partBits))
        return (part, Double(key.window(at: count + ValueDensity.partBits)) / 0x1p64)
    }

    fileprivate func firstKey(of part: Int) -> Bits160 {
        var first = bits
        for place in 0..<ValueDensity.partBits {
            first[bit: count + place] = part >> (ValueDensity.partBits - 1 - place) & 1 == 1
        }
        return first
    }
}

/// How many values lie where in a stretch of the key space.
///
/// A part with few values is counted. Of the others the first values are read, and how densely they lie tells about how many
/// there are: keys are hashes, so they lie evenly. So it costs the same whether the archive has ten thousand values or ten
/// million.
package struct ValueDensity: Hashable, Sendable {
    /// Values in each of the equal parts, in the order of keys.
    package var values = [Int](repeating: 0, count: ValueDensity.parts)

    fileprivate static let partBits = 8
    /// How many parts there are.
    package static let parts = 1 << partBits
    /// Up to this number values are counted; higher numbers are estimates, an eighth off as a rule.
    package static let countedMax = 64
}

extension ArchiveReader {
    /// How many values lie where under a prefix, served and retained ones.
    package func density(under prefix: KeyPrefix) throws(ArchiveError) -> ValueDensity {
        try environment.read { (transaction) throws(ArchiveError) in
            var density = ValueDensity()
            for table in [Table.entries, .retained] where environment.has(table) {
                for part in 0..<ValueDensity.parts {
                    density.values[part] += try values(in: part, of: prefix, table, transaction)
                }
            }
            return density
        }
    }

    private func values(
        in part: Int, of prefix: KeyPrefix, _ table: Table, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Int {
        var cursor = try transaction.cursor(table)
        var count = 0
        var isThere = try withKey(prefix.firstKey(of: part)) { (first) throws(ArchiveError) in try cursor.seek(first) }
        while isThere {
            // A key that cannot be read is damage, which the scrub reports.
            if let key = EntryKey(cursor.key) {
                guard let place = prefix.place(of: key.target.bits), place.part == part else { return count }
                if count == ValueDensity.countedMax, place.share > 0 {
                    return max(count, Int(min(Double(count) / place.share, Double(Int32.max))))
                }
                count += 1
            }
            // Many values of one key at the beginning of the part; how many follow cannot be told from them.
            guard count <= ValueDensity.readMax else { return count }
            isThere = try cursor.next()
        }
        return count
    }
}

extension ValueDensity {
    /// How many records of a part are read at most.
    fileprivate static let readMax = 4 * countedMax
}

extension Bits160 {
    /// The 64 bits from a place on, which lies in the first 64.
    fileprivate func window(at place: Int) -> UInt64 {
        place == 0 ? high : high << UInt64(place) | middle >> UInt64(64 - place)
    }
}
