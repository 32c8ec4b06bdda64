internal import IPv8

/// What a record is charged to: the address prefix (/24 or /48) of the peer that stored it, or the operator if it was
/// published here or is pinned.
///
///     kind 1 (0 the operator, 4, 6) | the prefix, right-aligned 8
struct Source: Hashable, Comparable {
    let kind: UInt8
    let prefix: UInt64

    static let byteCount = 9
    /// Pinned and published values; other accounts give up their records first.
    static let theOperator = Source(kind: 0, prefix: 0)

    private init(kind: UInt8, prefix: UInt64) {
        self.kind = kind
        self.prefix = prefix
    }

    /// The prefix that an address is in.
    init(_ address: IPAddress) {
        switch address {
        case .v4(let host): self.init(kind: 4, prefix: UInt64(host >> 8))
        case .v6(let high, _): self.init(kind: 6, prefix: high >> 16)
        }
    }

    /// The source of a value.
    init(_ provenance: Provenance) {
        switch provenance {
        case .publishedHere: self = .theOperator
        case .received(_, let address): self.init(address.host)
        }
    }

    /// Reads nine bytes; the caller knows that they lie within.
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        kind = bytes[offset]
        prefix = bytes.bigEndian(UInt64.self, at: offset + 1)
    }

    static func < (left: Source, right: Source) -> Bool { (left.kind, left.prefix) < (right.kind, right.prefix) }
}

/// How much of a budget is in use, in all or by one source.
struct Usage: Hashable {
    var count = 0
    var bytes = 0

    /// Adds usage; negative numbers subtract. Numbers from the disk can have any value.
    mutating func add(_ other: Usage) {
        count = Usage.sum(count, other.count)
        bytes = Usage.sum(bytes, other.bytes)
    }

    private static func sum(_ held: Int, _ change: Int) -> Int {
        let (sum, overflow) = held.addingReportingOverflow(change)
        return max(0, overflow ? (change < 0 ? 0 : .max) : sum)
    }
}

/// A record as the accounts see it.
struct Filing: Hashable {
    var budget: Budget
    var source: Source
    /// When the record came. The oldest is given up first.
    var since: Instant
    /// Its key in the budget's table.
    var key: [UInt8]
    /// Bytes of key and record.
    var charge: Int
}

/// What one source uses of a budget.
struct Account: Hashable, Comparable {
    var budget: Budget
    var source: Source

    static func < (left: Account, right: Account) -> Bool {
        left.budget == right.budget ? left.source < right.source : left.budget.rawValue < right.budget.rawValue
    }
}
