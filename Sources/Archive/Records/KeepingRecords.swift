internal import IPv8

/// A key of the tables `floors` and `evidence`: `target 20 | signer 20`.
struct SignerKey: Hashable {
    var target: Target
    var signer: Mid

    static let byteCount = 40

    init(target: Target, signer: Mid) {
        self.target = target
        self.signer = signer
    }

    /// Reads a key; `nil` if it is not one.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == SignerKey.byteCount else { return nil }
        target = Target(bits: bytes.bits160(at: 0))
        signer = Mid(bits: bytes.bits160(at: 20))
    }

    var bytes: [UInt8] { target.bytes + signer.bytes }
}

/// The lowest version of a signer that is taken under a target, while there is no record of it.
///
/// Body: `version 4 | noted 8 | source 9`.
struct FloorRecord: Hashable {
    var version: Version
    var noted: Instant
    var source: Source

    static let bodyBytes = 12 + Source.byteCount
    /// Bytes of key and record.
    static let charge = SignerKey.byteCount + RecordChecksum.overheadBytes + bodyBytes

    init(version: Version, noted: Instant, source: Source) {
        self.version = version
        self.noted = noted
        self.source = source
    }

    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .floors) else { return nil }
        self.init(body: body)
    }

    /// Reads what a record says whether its checksum is right or not: only for the accounts.
    init?(unchecked value: UnsafeRawBufferPointer) {
        guard value.count > RecordChecksum.overheadBytes else { return nil }
        self.init(body: UnsafeRawBufferPointer(rebasing: value.dropFirst().dropLast(RecordChecksum.overheadBytes - 1)))
    }

    /// Reads a body; `nil` if it is too short.
    init?(body: UnsafeRawBufferPointer) {
        guard body.count >= FloorRecord.bodyBytes else { return nil }
        version = Version(body.bigEndian(UInt32.self, at: 0))
        noted = body.instant(at: 4)
        source = Source(body, at: 12)
    }
}

/// Two values of one signer that have the same version and other data, which an honest signer does not make.
///
/// Body: `version 4 | noted 8 | source 9 | length 2 | entry held | entry offered`.
struct EvidenceRecord: Hashable {
    var version: Version
    var noted: Instant
    var source: Source
    /// The entry that was held.
    var held: [UInt8]
    /// The entry that came later.
    var offered: [UInt8]

    private static let fixedBytes = 12 + Source.byteCount + 2

    init(version: Version, noted: Instant, source: Source, held: [UInt8], offered: [UInt8]) {
        self.version = version
        self.noted = noted
        self.source = source
        self.held = held
        self.offered = offered
    }

    /// Bytes of key and record.
    var charge: Int {
        SignerKey.byteCount + RecordChecksum.overheadBytes + EvidenceRecord.fixedBytes + held.count + offered.count
    }

    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .evidence) else { return nil }
        self.init(body: body)
    }

    /// Reads what a record says whether its checksum is right or not: only for the accounts.
    init?(unchecked value: UnsafeRawBufferPointer) {
        guard value.count > RecordChecksum.overheadBytes else { return nil }
        self.init(body: UnsafeRawBufferPointer(rebasing: value.dropFirst().dropLast(RecordChecksum.overheadBytes - 1)))
    }

    /// Reads a body; `nil` if it is too short.
    init?(body: UnsafeRawBufferPointer) {
        guard body.count >= EvidenceRecord.fixedBytes else { return nil }
        version = Version(body.bigEndian(UInt32.self, at: 0))
        noted = body.instant(at: 4)
        source = Source(body, at: 12)
        let heldEnd = EvidenceRecord.fixedBytes + Int(body.bigEndian(UInt16.self, at: 12 + Source.byteCount))
        guard heldEnd <= body.count else { return nil }
        held = Array(body[EvidenceRecord.fixedBytes..<heldEnd])
        offered = Array(body[heldEnd...])
    }
}

/// What was published here. Key: that of the entry. Body: `version 4 | published 8 | withdrawn 8`, the last one zero
/// while it stands.
struct PublicationRecord: Hashable {
    var version: Version
    var published: Instant
    var withdrawn: Instant?

    init(version: Version, published: Instant, withdrawn: Instant?) {
        self.version = version
        self.published = published
        self.withdrawn = withdrawn
    }

    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .publications) else { return nil }
        self.init(body: body)
    }

    /// Reads a body; `nil` if it is too short.
    init?(body: UnsafeRawBufferPointer) {
        guard body.count >= 20 else { return nil }
        version = Version(body.bigEndian(UInt32.self, at: 0))
        published = body.instant(at: 4)
        let end = body.instant(at: 12)
        withdrawn = end.nanoseconds == 0 ? nil : end
    }
}

extension ReadTransaction {
    /// Whether a sound record of a value says that it was published here and stands, and no publication does. A damaged
    /// publication is still one.
    func lacksPublication(
        _ value: UnsafeRawBufferPointer, under key: UnsafeRawBufferPointer, in table: Table
    ) throws(ArchiveError) -> Bool {
        guard EntryRecord(unchecked: value)?.isPublished == true, EntryRecord(value, key: key, table: table) != nil
        else {
            return false
        }
        guard let publication = try get(.publications, key) else { return true }
        return PublicationRecord(publication, key: key)?.withdrawn != nil
    }
}

extension RecordEncoder {
    /// Writes a floor.
    mutating func encode(_ floor: FloorRecord, under key: SignerKey) {
        begin(.floors)
        append(key)
        append(floor.version.number)
        append(floor.noted)
        append(floor.source)
    }

    /// Writes evidence.
    mutating func encode(_ evidence: EvidenceRecord, under key: SignerKey) {
        begin(.evidence)
        append(key)
        append(evidence.version.number)
        append(evidence.noted)
        append(evidence.source)
        append(UInt16(clamping: evidence.held.count))
        append(raw: evidence.held)
        append(raw: evidence.offered)
    }

    /// Writes what was published here.
    mutating func encode(_ publication: PublicationRecord, under key: EntryKey) {
        begin(.publications)
        append(key)
        endKey()
        append(publication.version.number)
        append(publication.published)
        append(publication.withdrawn ?? Instant(nanoseconds: 0))
    }

    /// Writes a record of the tables `pins` or `blocks`: `since 8`.
    mutating func encode(_ subject: ArchiveSubject, since: Instant, in table: Table) {
        begin(table)
        append(raw: subject.keyBytes)
        endKey()
        append(since)
    }

    private mutating func append(_ key: SignerKey) {
        append(key.target.bits)
        append(key.signer.bits)
        endKey()
    }

    /// Writes nine bytes.
    mutating func append(_ source: Source) {
        append(source.kind)
        append(source.prefix)
    }
}
