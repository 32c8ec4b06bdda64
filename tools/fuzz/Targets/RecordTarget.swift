import IPv8

@testable import Archive

/// Records through every reader of the archive: none reads past the end, and a decoded record decodes to the same after
/// encoding.
///
///     table 1 | seal 1 | key length 1 | key | value
///
/// If bit 0 of the seal is set, the value is a body that gets a format and a checksum, as every reader expects.
enum RecordTarget {
    private static let verifier = SignatureVerifier()

    static func run(_ input: [UInt8]) throws(Violation) {
        var source = ByteSource(input)
        let table = source.choice(Table.allCases)
        let isSealed = source.flag()
        let key = source.take(Int(source.byte()))
        let rest = source.rest()
        let record = isSealed ? sealed(rest, under: key, in: table) : RawRecord(key: key, value: rest)
        _ = RecordCheck.fault(of: record, in: table, verifier)
        try readUnchecked(record.value)
        try lend(record) { (key, value) throws(Violation) in
            try read(key, value, in: table)
            let body = RecordChecksum.body(of: value, key: key, table: table)
            try require(
                !isSealed || body.map { Array($0) == rest } == true, "a record that was just written reads as damaged")
            if let body { try readBody(body) }
        }
    }

    private static func sealed(_ body: [UInt8], under key: [UInt8], in table: Table) -> RawRecord {
        var encoder = RecordEncoder()
        encoder.begin(table)
        encoder.append(raw: key)
        encoder.endKey()
        encoder.append(raw: body)
        return finished(&encoder)
    }

    private static func finished(_ encoder: inout RecordEncoder) -> RawRecord {
        var record = RawRecord(key: [], value: [])
        _ = try? encoder.finish { (key, value) throws(ArchiveError) in
            record = RawRecord(key: Array(key), value: Array(value))
        }
        return record
    }

    /// Bytes in buffers of their exact size, so that the sanitizer notices reads past the end.
    private static func lend(
        _ record: RawRecord, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(Violation) -> Void
    ) throws(Violation) {
        let key = UnsafeMutableRawBufferPointer.allocate(byteCount: record.key.count, alignment: 1)
        let value = UnsafeMutableRawBufferPointer.allocate(byteCount: record.value.count, alignment: 1)
        defer {
            key.deallocate()
            value.deallocate()
        }
        key.copyBytes(from: record.key)
        value.copyBytes(from: record.value)
        try body(UnsafeRawBufferPointer(key), UnsafeRawBufferPointer(value))
    }

    // MARK: Readers

    private static func read(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, in table: Table
    ) throws(Violation) {
        switch table {
        case .entries, .retained: try readEntry(key, value, in: table)
        case .history: try readHistory(key, value)
        case .floors, .evidence: try readBySigner(key, value, in: table)
        case .publications: try readPublication(key, value)
        case .journal: try readChange(key, value)
        case .holdings: try readHolding(key, value)
        case .pins, .blocks:
            guard let subject = ArchiveSubject(key) else { return }
            try require(subject.keyBytes == Array(key), "a subject's key is another one when it is written")
        case .ranks: _ = AccountKey.readRank(key)
        case .order:
            guard let place = OrderKey(key) else { return }
            try require(place.bytes == Array(key), "a place in the serving order is another one when it is written")
        case .meta: _ = TransactionRecord(value, key: key)
        case .secrets, .quarantine, .ages: return
        }
    }

    private static func readEntry(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, in table: Table
    ) throws(Violation) {
        guard let entryKey = EntryKey(key) else { return }
        try require(entryKey.bytes == Array(key), "an entry's key is another one when it is written")
        guard let record = EntryRecord(value, key: key, table: table) else { return }
        var encoder = RecordEncoder()
        encoder.encode(entryKey, entry: record.entry, record.facts, in: table)
        try lend(finished(&encoder)) { (key, value) throws(Violation) in
            guard let again = EntryRecord(value, key: key, table: table) else {
                throw Violation("an entry's record cannot be read once it is written")
            }
            try require(
                again.facts == record.facts && again.entry.elementsEqual(record.entry),
                "an entry's record reads as another one")
        }
    }

    private static func readHistory(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) throws(Violation) {
        guard let historyKey = HistoryKey(key) else { return }
        try require(historyKey.bytes == Array(key), "an earlier version's key is another one when it is written")
        guard let record = HistoryRecord(value, key: key) else { return }
        var encoder = RecordEncoder()
        encoder.encodeHistory(
            historyKey, entry: record.record.entry, record.record.facts, replacedAt: record.replacedAt)
        try lend(finished(&encoder)) { (key, value) throws(Violation) in
            guard let again = HistoryRecord(value, key: key) else {
                throw Violation("an earlier version's record cannot be read once it is written")
            }
            try require(
                again.record.facts == record.record.facts && again.replacedAt == record.replacedAt
                    && again.record.entry.elementsEqual(record.record.entry),
                "an earlier version's record reads as another one")
        }
    }

    private static func readBySigner(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, in table: Table
    ) throws(Violation) {
        guard let signerKey = SignerKey(key) else { return }
        var encoder = RecordEncoder()
        if table == .floors {
            guard let floor = FloorRecord(value, key: key) else { return }
            encoder.encode(floor, under: signerKey)
            try lend(finished(&encoder)) { (key, value) throws(Violation) in
                try require(FloorRecord(value, key: key) == floor, "a floor reads as another one")
            }
        } else {
            guard let evidence = EvidenceRecord(value, key: key) else { return }
            encoder.encode(evidence, under: signerKey)
            try require(finished(&encoder).value == Array(value), "evidence is written in other bytes")
        }
    }

    private static func readPublication(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) throws(Violation) {
        guard let entryKey = EntryKey(key), let publication = PublicationRecord(value, key: key) else { return }
        var encoder = RecordEncoder()
        encoder.encode(publication, under: entryKey)
        try lend(finished(&encoder)) { (key, value) throws(Violation) in
            try require(PublicationRecord(value, key: key) == publication, "a publication reads as another one")
        }
    }

    private static func readChange(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) throws(Violation) {
        guard key.count == 8, let change = JournalRecord(value, key: key) else { return }
        var encoder = RecordEncoder()
        let number = key.bigEndian(UInt64.self, at: 0)
        if change.isForgotten, let hash = Digest256(bytes: change.subject) {
            encoder.encodeForgottenChange(
                number, change.kind, hash, at: change.at, after: change.previousChecksum, checksum: change.checksum)
        } else {
            encoder.encodeChange(
                number, change.kind, change.subject, at: change.at, after: change.previousChecksum)
        }
        try require(finished(&encoder).value == Array(value), "a change is written in other bytes")
    }

    private static func readHolding(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) throws(Violation) {
        guard var holding = Usage(value, key: key) else { return }
        try require(holding.count >= 0 && holding.bytes >= 0, "a holding of less than nothing")
        holding.add(Usage(count: 1, bytes: 300))
        try require(holding.count > 0, "a holding is empty after something came in")
    }

    // MARK: Bodies and damaged records

    private static func readBody(_ body: UnsafeRawBufferPointer) throws(Violation) {
        if let identity = IdentityRecord(body: body) {
            var encoder = RecordEncoder()
            encoder.encode(identity, under: IdentityRecord.key)
            try require(
                body.starts(with: finished(&encoder).value.dropFirst().dropLast(8)),
                "an identity is written in other bytes")
        }
        if let counts = CountsRecord(body: body) {
            try require(counts.numbers.allSatisfy { $0 >= 0 }, "a count is below zero")
        }
    }

    /// The readers that ignore a wrong checksum.
    private static func readUnchecked(_ value: [UInt8]) throws(Violation) {
        try lend(RawRecord(key: [], value: value)) { (_, value) throws(Violation) in
            _ = EntryRecord(unchecked: value).map(\.facts)
            _ = HistoryRecord(unchecked: value).map(\.record.facts)
            _ = FloorRecord(unchecked: value)
            _ = EvidenceRecord(unchecked: value)
            if let salvaged = EntryRecord.salvagedVersion(value), let record = EntryRecord(unchecked: value) {
                try require(salvaged <= record.version, "more of a version was salvaged than there is")
            }
        }
    }
}

extension IdentityRecord {
    fileprivate static var key: String { keys.first ?? "" }
}
