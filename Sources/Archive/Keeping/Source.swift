internal import IPv8

/// Whom a record is charged to: the address prefix of the peer that brought it, a /24 or a /48, or the operator, for
/// what was published here and what is pinned.
///
///     kind 1 (0 the operator, 4, 6) | the prefix, right-aligned 8
struct Source: Hashable, Comparable {
    let kind: UInt8
    let prefix: UInt64

    static let byteCount = 9
    /// Gives up nothing while there is something to protect.
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

    /// The prefix that a value came from; the operator's own where it was published here.
    init(_ provenance: Provenance) {
        switch provenance {
        case .publishedHere: self = .theOperator
        case .received(_, let address): self.init(address.host)
        }
    }

    /// Reads nine bytes that lie within.
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        kind = bytes[offset]
        prefix = bytes.bigEndian(UInt64.self, at: offset + 1)
    }

    static func < (left: Source, right: Source) -> Bool { (left.kind, left.prefix) < (right.kind, right.prefix) }
}

/// How much somebody holds of something.
struct Usage: Hashable {
    var count = 0
    var bytes = 0

    /// Adds a holding, or takes one out where its numbers are negative; what comes from disk may be any number.
    mutating func add(_ other: Usage) {
        count = Usage.sum(count, other.count)
        bytes = Usage.sum(bytes, other.bytes)
    }

    private static func sum(_ held: Int, _ change: Int) -> Int {
        let (sum, overflow) = held.addingReportingOverflow(change)
        return max(0, overflow ? (change < 0 ? 0 : .max) : sum)
    }
}

/// A record, as the accounts know it.
struct Filing: Hashable {
    var budget: Budget
    var source: Source
    /// By when it came it is given up: the oldest first.
    var since: Instant
    /// Its key in the budget's table.
    var key: [UInt8]
    /// Bytes of key and record.
    var charge: Int
}

/// Somebody's holding in one budget.
struct Account: Hashable, Comparable {
    var budget: Budget
    var source: Source

    static func < (left: Account, right: Account) -> Bool {
        left.budget == right.budget ? left.source < right.source : left.budget.rawValue < right.budget.rawValue
    }
}
