internal import IPv8

/// Who the archive is: kept twice in the table `meta`, because nothing works without it.
///
///     archive format 2 | archive id 16 | created 8
struct IdentityRecord: Equatable {
    var format: Int
    var archiveID: [UInt8]
    var created: Instant

    /// The format that this program writes, and the newest that it reads. Format 1 had no counts of pins, blocks and
    /// publications, and no serving order. The journal of format 2 named values and nothing else.
    static let format = 3
    static let idBytes = 16
    /// The two places of the record.
    static let keys = ["archive", "archive-copy"]
    private static let bodyBytes = 2 + idBytes + 8

    init(archiveID: [UInt8], created: Instant) {
        format = IdentityRecord.format
        self.archiveID = archiveID
        self.created = created
    }

    /// Reads a body; one of a newer format may be longer.
    init?(body: UnsafeRawBufferPointer) {
        guard body.count >= IdentityRecord.bodyBytes else { return nil }
        format = Int(body.bigEndian(UInt16.self, at: 0))
        archiveID = Array(body[2..<2 + IdentityRecord.idBytes])
        created = body.instant(at: 2 + IdentityRecord.idBytes)
    }
}

/// How much the archive holds: kept in `meta` under `counts`, so that nobody has to walk the tables.
///
///     targets 8 | owner 8 | signed 8 | unsigned 8 | bytes of entries 8 | for each budget: records 8, bytes 8
///     | pins 8 | blocks 8 | publications 8 | order 8 (from format 2 on)
struct CountsRecord: Equatable {
    var targets = 0
    /// How many entries of each class, in the order of ``EntryClass``.
    var entries = [0, 0, 0]
    /// Bytes of serialized entries, without keys and what the archive adds.
    var entryBytes = 0
    /// What is charged to each budget, in the order of ``Budget``.
    private var held = [Usage](repeating: Usage(), count: Budget.allCases.count)
    /// How many pins, blocks, publications and records of the serving order there are; `nil` if the record is of format 1, which does not say.
    var statements: StatementCounts? = StatementCounts()

    static let key = "counts"
    private static let bodyBytes = 40 + 16 * Budget.allCases.count

    init() {}

    init?(body: UnsafeRawBufferPointer) {
        guard body.count >= CountsRecord.bodyBytes else { return nil }
        let numbers = (0..<CountsRecord.bodyBytes / 8).map { Int(clamping: body.bigEndian(UInt64.self, at: 8 * $0)) }
        targets = numbers[0]
        entries = Array(numbers[1...3])
        entryBytes = numbers[4]
        held = Budget.allCases.indices.map { Usage(count: numbers[5 + 2 * $0], bytes: numbers[6 + 2 * $0]) }
        statements = StatementCounts(UnsafeRawBufferPointer(rebasing: body[CountsRecord.bodyBytes...]))
    }

    /// What is charged to a budget.
    subscript(budget: Budget) -> Usage {
        get { held[Int(budget.rawValue) - 1] }
        set { held[Int(budget.rawValue) - 1] = newValue }
    }

    mutating func add(_ entryClass: EntryClass, count: Int, bytes: Int) {
        entries[Int(entryClass.rawValue) - 1] += count
        entryBytes += bytes
    }

    /// The record's numbers, in their order.
    var numbers: [Int] {
        let budgets = held.flatMap { [$0.count, $0.bytes] }
        return [targets] + entries + [entryBytes] + budgets + (statements?.numbers ?? [])
    }
}

/// How many records there are of what the operator has said, and of the serving order. They are charged to no budget.
struct StatementCounts: Equatable {
    /// The tables that are counted, in the order of the record.
    static let tables: [Table] = [.pins, .blocks, .publications, .order]
    /// The counts, in the order of the tables.
    private(set) var numbers = [Int](repeating: 0, count: StatementCounts.tables.count)

    init() {}

    /// Reads the end of the record of the counts; `nil` if it ends before.
    fileprivate init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 8 * numbers.count else { return nil }
        numbers = numbers.indices.map { Int(clamping: bytes.bigEndian(UInt64.self, at: 8 * $0)) }
    }

    /// The count of a table; `nil` for tables that are not counted here.
    subscript(table: Table) -> Int? { StatementCounts.tables.firstIndex(of: table).map { numbers[$0] } }

    /// Adds to the count of a table; nothing happens for tables that are not counted here.
    mutating func add(_ count: Int, to table: Table) {
        guard let place = StatementCounts.tables.firstIndex(of: table) else { return }
        numbers[place] += count
    }

    /// Adds what has changed between two looks at the tables.
    mutating func add(changesFrom before: StatementCounts, to after: StatementCounts) {
        for place in numbers.indices { numbers[place] += after.numbers[place] - before.numbers[place] }
    }
}

extension RecordEncoder {
    /// Writes a record of the table `meta`.
    mutating func encode(_ identity: IdentityRecord, under key: String) {
        begin(.meta)
        append(raw: key.utf8)
        endKey()
        append(UInt16(identity.format))
        append(raw: identity.archiveID)
        append(identity.created)
    }

    /// Writes the counts.
    mutating func encode(_ counts: CountsRecord) {
        begin(.meta)
        append(raw: CountsRecord.key.utf8)
        endKey()
        for number in counts.numbers { append(UInt64(max(0, number))) }
    }

    /// Writes a token secret: key `kind 1 (1) | place 1`, body `created 8 | secret`.
    mutating func encode(_ secret: TokenSecret, place: UInt8) {
        begin(.secrets)
        append(SecretKind.token)
        append(place)
        endKey()
        append(secret.drawnAt)
        append(raw: secret.bytes)
    }
}

/// The first byte of a key in the table `secrets`.
enum SecretKind {
    /// A secret that tokens are made with.
    static let token: UInt8 = 1
}

/// Which of LMDB's transactions wrote last: kept in the table `meta` under `transaction`, and written with every change,
/// so that each of the two snapshots in the file says which one it is.
///
///     number 8
struct TransactionRecord {
    let number: UInt64

    static let key = "transaction"

    /// Reads a record; `nil` if it is damaged.
    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .meta), body.count >= 8 else { return nil }
        number = body.bigEndian(UInt64.self, at: 0)
    }
}

extension RecordEncoder {
    /// Writes the number of the transaction that writes it.
    mutating func encode(transaction number: UInt64) {
        begin(.meta)
        append(raw: TransactionRecord.key.utf8)
        endKey()
        append(number)
    }
}
