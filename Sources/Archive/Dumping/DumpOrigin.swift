internal import IPv8

/// Which state of which archive a dump has: the archive, and its last change.
package struct DumpOrigin: Hashable, Sendable {
    /// The 16 bytes that tell the archive from any other.
    package var archiveID: [UInt8]
    /// The number of the archive's last change.
    package var change: UInt64
    /// The checksum of that change, which covers all changes before it.
    package var checksum: UInt64

    static let byteCount = IdentityRecord.idBytes + 16

    package init(archiveID: [UInt8], change: UInt64, checksum: UInt64) {
        (self.archiveID, self.change, self.checksum) = (archiveID, change, checksum)
    }

    /// `archive id 16 | change 8 | checksum 8`
    var bytes: [UInt8] { archiveID + change.bigEndianBytes + checksum.bigEndianBytes }

    /// Reads an origin; `nil` unless there are exactly as many bytes as one has.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == DumpOrigin.byteCount else { return nil }
        archiveID = Array(bytes.prefix(IdentityRecord.idBytes))
        let numbers = bytes.dropFirst(IdentityRecord.idBytes)
        change = numbers.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        checksum = numbers.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The archive's id as hexadecimal digits.
    package var archive: String { Hex.encode(archiveID) }

    /// The checksum as hexadecimal digits.
    package var checksumText: String { Hex.encode(checksum.bigEndianBytes) }
}

/// Where an increment begins: it has what changed after this change of the archive.
package struct DumpStart: Hashable, Sendable {
    package var change: UInt64
    package var checksum: UInt64

    static let byteCount = 16

    package init(change: UInt64, checksum: UInt64) { (self.change, self.checksum) = (change, checksum) }
}

// MARK: - Copies

/// That the archive is an exact copy of a state of another one: kept in the table `meta` under `copy`. It holds as long as the
/// archive has no change after the one named here.
///
/// Body: `archive id 16 | change 8 | checksum 8 | own change 8 | own checksum 8`.
struct CopyRecord: Hashable {
    /// The archive that this one is an exact copy of.
    var origin: DumpOrigin
    /// Where the archive's own journal ended then.
    var own: JournalPlace

    static let key = "copy"
    private static let bodyBytes = DumpOrigin.byteCount + 16

    init(of origin: DumpOrigin, own: JournalPlace) { (self.origin, self.own) = (origin, own) }

    /// Reads a record; `nil` if it is damaged.
    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .meta), body.count >= CopyRecord.bodyBytes,
            let origin = DumpOrigin(Array(body.prefix(DumpOrigin.byteCount))[...])
        else { return nil }
        self.origin = origin
        own = JournalPlace(
            number: body.bigEndian(UInt64.self, at: DumpOrigin.byteCount),
            checksum: body.bigEndian(UInt64.self, at: DumpOrigin.byteCount + 8))
    }
}

extension RecordEncoder {
    /// Writes what the archive is a copy of.
    mutating func encode(_ copy: CopyRecord) {
        begin(.meta)
        append(raw: CopyRecord.key.utf8)
        endKey()
        append(raw: copy.origin.bytes)
        append(copy.own.number)
        append(copy.own.checksum)
    }
}

extension ReadTransaction {
    /// Which state of which archive this one has: of another one if it is still an exact copy of that, else of itself.
    func origin(of archiveID: [UInt8]) throws(ArchiveError) -> DumpOrigin {
        let end = try journalEnd()
        let copy = try lend(Array(CopyRecord.key.utf8)) { (key) throws(ArchiveError) in
            try get(.meta, key).flatMap { CopyRecord($0, key: key) }
        }
        if let copy, copy.own == end { return copy.origin }
        return DumpOrigin(archiveID: archiveID, change: end.number, checksum: end.checksum)
    }
}

extension ArchiveReader {
    /// Which state of which archive it reads.
    package func origin() throws(ArchiveError) -> DumpOrigin {
        try environment.read { (transaction) throws(ArchiveError) in try transaction.origin(of: identity.archiveID) }
    }
}
