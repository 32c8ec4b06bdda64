internal import IPv8

/// An item as people and scripts read it: names and values in text, nothing of the item lost.
///
/// Bytes are hexadecimal digits, moments ISO 8601 in UTC to the nanosecond. No value holds a comma, a quote or the end of
/// a line, so a row is a line of CSV as it is.
package struct DumpRow: Hashable, Sendable {
    /// The values that there are, in the order of ``columns``.
    package var values: [(column: Column, text: String)]

    /// The columns, in their order.
    package enum Column: String, CaseIterable, Sendable {
        case kind, key, `class`, id, number, version, data
        case publicKey = "public_key"
        case firstSeen = "first_seen"
        case lastStored = "last_stored"
        case expiresAt = "expires_at"
        case replacedAt = "replaced_at"
        case notedAt = "noted_at"
        case since
        case publishedAt = "published_at"
        case withdrawnAt = "withdrawn_at"
        case publishedHere = "published_here"
        case withdrawn, sender
        case senderAddress = "sender_address"
        case source = "holder"
        case entry, offered
        case format, prefix, leaves, root
        // Those of format 2 come behind those of format 1, so that a script that counts columns goes on to work.
        case salvaged
        case leftOut = "left_out"
        case archive, change, checksum, from
        case fromChecksum = "from_checksum"
        case timeZone = "time_zone"
        case op, hash

        /// Whether its values are numbers, or true and false, in JSON.
        package var isLiteral: Bool {
            switch self {
            case .number, .version, .publishedHere, .withdrawn, .format, .leaves, .salvaged, .leftOut, .change, .from:
                true
            default: false
            }
        }
    }

    package init(_ values: [(column: Column, text: String)] = []) { self.values = values }

    package static func == (left: DumpRow, right: DumpRow) -> Bool {
        left.values.elementsEqual(right.values) { $0.column == $1.column && $0.text == $1.text }
    }

    package func hash(into hasher: inout Hasher) {
        for value in values {
            hasher.combine(value.column)
            hasher.combine(value.text)
        }
    }

    /// The value of a column; `nil` if there is none.
    package subscript(column: Column) -> String? { values.first { $0.column == column }?.text }

    private mutating func add(_ column: Column, _ text: String?) {
        if let text { values.append((column, text)) }
    }
}

// MARK: - From items

extension DumpRow {
    /// The row that a text begins with.
    package init(_ header: DumpHeader) {
        self.init()
        add(.kind, "header")
        add(.since, header.since.map(\.iso8601))
        add(.format, "\(header.format)")
        add(.prefix, header.prefix.isEmpty ? nil : header.prefix)
        add(.salvaged, header.isSalvaged ? "true" : nil)
        add(.archive, header.origin?.archive)
        add(.change, header.origin.map { "\($0.change)" })
        add(.checksum, header.origin?.checksumText)
        add(.from, header.start.map { "\($0.change)" })
        add(.fromChecksum, header.start.map { Hex.encode($0.checksum.bigEndianBytes) })
        add(.timeZone, header.format > 2 ? "UTC" : nil)
    }

    /// The row that a text ends with.
    package init(_ seal: DumpSeal) {
        self.init()
        add(.kind, "end")
        add(.leaves, "\(seal.leaves)")
        add(.root, "\(seal.root)")
        add(.leftOut, seal.leftOut.map { "\($0)" })
    }

    /// The row of an item; `nil` if the item contradicts itself.
    package init?(_ item: DumpItem) {
        guard let content = DumpContent(item) else { return nil }
        guard item.state == .present else {
            self.init(gone: item.kind, key: item.state == .gone ? item.key : nil)
            add(.op, "gone")
            add(.hash, item.state == .forgotten ? Hex.encode(item.key) : nil)
            return
        }
        self.init()
        add(.kind, item.kind.name)
        switch content {
        case .gone: return nil
        case .pin(let subject, let since), .block(let subject, let since): add(subject, since)
        case .floor(let target, let signer, let version, let noted):
            add(target, "signed", signer, version)
            add(.notedAt, noted.iso8601)
            add(.source, Hex.encode(item.body.suffix(Source.byteCount)))
        case .history(let number, let replacedAt, let record, let target):
            add(record, under: target, number: number, replacedAt: replacedAt)
        case .value(let record, let target): add(record, under: target)
        case .evidence(let evidence, let version):
            add(evidence.target, "signed", evidence.signer, version)
            add(.notedAt, evidence.noted.iso8601)
            add(.source, Hex.encode(item.body[12..<12 + Source.byteCount]))
            add(.entry, Hex.encode(evidence.held.bytes))
            add(.offered, Hex.encode(evidence.offered.bytes))
        case .publication(let publication):
            let entryClass = EntryKey(bytes: item.key)?.entryClass ?? .unsigned
            add(publication.target, entryClass.name, publication.id, publication.version)
            add(.publishedAt, publication.published.iso8601)
            add(.withdrawnAt, publication.withdrawn.map(\.iso8601))
        }
    }

    /// The row of a record that is gone: what names it, and nothing else.
    ///
    /// - Parameter key: the record's key; `nil` if it was forgotten.
    init(gone kind: DumpItem.Kind, key: [UInt8]?) {
        self.init()
        add(.kind, kind.name)
        guard let key, key.count == kind.keyBytes else { return }
        key.withUnsafeBytes { key in
            switch kind {
            case .pin, .block:
                if let subject = ArchiveSubject(key) { add(subject) }
            case .value, .publication:
                guard let place = EntryKey(key) else { return }
                add(place.target, place.entryClass.name, place.id)
            case .floor, .evidence:
                guard let place = SignerKey(key) else { return }
                add(place.target, "signed", place.signer)
            case .history:
                guard let place = HistoryKey(key) else { return }
                let isOwner = place.signer.bits == place.target.bits
                add(place.target, (isOwner ? EntryClass.owner : .signed).name, place.signer)
                add(.number, "\(place.number)")
            }
        }
    }

    private mutating func add(_ subject: ArchiveSubject, _ since: Instant) {
        add(subject)
        add(.since, since.iso8601)
    }

    private mutating func add(_ subject: ArchiveSubject) {
        switch subject {
        case .key(let target): add(.key, target.description)
        case .signer(let mid): add(.id, mid.description)
        }
    }

    private mutating func add(_ target: Target, _ entryClass: String, _ id: some Identifier160) {
        add(.key, target.description)
        add(.class, entryClass)
        add(.id, id.description)
    }

    private mutating func add(_ target: Target, _ entryClass: String, _ id: some Identifier160, _ version: Version) {
        add(target, entryClass, id)
        add(.version, "\(version.number)")
    }

    private mutating func add(
        _ record: ArchivedRecord, under target: Target, number: UInt64? = nil, replacedAt: Instant? = nil
    ) {
        let key = EntryKey(target: target, entry: record.entry)
        add(.key, target.description)
        add(.class, key.entryClass.name)
        add(.id, key.id.description)
        add(.number, number.map { "\($0)" })
        add(.version, record.entry.signature.map { "\($0.version.number)" })
        add(.data, Hex.encode(record.entry.data))
        add(.publicKey, record.entry.signature.map { Hex.encode($0.signer.bytes) })
        add(.firstSeen, record.firstSeen.iso8601)
        add(.lastStored, record.lastStored.iso8601)
        add(.expiresAt, record.expiresAt.iso8601)
        add(.replacedAt, replacedAt.map(\.iso8601))
        add(.publishedHere, record.provenance == .publishedHere ? "true" : "false")
        add(.withdrawn, record.isWithdrawn ? "true" : nil)
        if case .received(let sender, let address) = record.provenance {
            add(.sender, sender.description)
            add(.senderAddress, address.description)
        }
        add(.entry, Hex.encode(record.entry.bytes))
    }
}

// MARK: - Back to items

extension DumpRow {
    /// What a row is about.
    package enum Content {
        case header(DumpHeader)
        case item(DumpItem)
        case end(DumpSeal)
    }

    /// The format that a header names if it is newer than this program's.
    package var newerFormat: Int? {
        guard self[.kind] == "header", let format = self[.format].flatMap({ Int($0) }), format > DumpHeader.format
        else { return nil }
        return format
    }

    /// What the row says; `nil` for a kind of row that is never written.
    package var content: Content? {
        guard let kind = self[.kind] else { return nil }
        switch kind {
        case "header": return header.map { .header($0) }
        case "end":
            guard let leaves = self[.leaves].flatMap({ Int($0) }),
                let root = self[.root].flatMap({ Digest256(hex: $0) })
            else { return nil }
            return .end(DumpSeal(leaves: leaves, root: root, leftOut: self[.leftOut].flatMap { Int($0) }))
        default:
            guard let kind = DumpItem.Kind.allCases.first(where: { $0.name == kind }),
                let item = self[.op] == nil ? item(kind) : goneItem(kind)
            else { return nil }
            return .item(item)
        }
    }

    private var header: DumpHeader? {
        let prefix = self[.prefix] ?? ""
        let since = moment(.since)
        guard let format = self[.format].flatMap({ Int($0) }), (1...DumpHeader.format).contains(format),
            DumpHeader.isPrefix(prefix), self[.since] == nil || since != nil
        else { return nil }
        let isSalvaged = format > 1 && self[.salvaged] == "true"
        var header = DumpHeader(since: since, prefix: prefix, isSalvaged: isSalvaged, format: format)
        guard format > 2 else { return header }
        if let archiveID = bytes(.archive), let change = number(.change), let checksum = checksum(.checksum) {
            guard archiveID.count == IdentityRecord.idBytes else { return nil }
            header.origin = DumpOrigin(archiveID: archiveID, change: change, checksum: checksum)
        }
        if let change = number(.from), let checksum = checksum(.fromChecksum) {
            header.start = DumpStart(change: change, checksum: checksum)
        }
        // A time in another zone would be read as another time.
        guard header.isPossible, self[.timeZone] == "UTC" else { return nil }
        return header
    }

    private func number(_ column: Column) -> UInt64? { self[column].flatMap { UInt64($0) } }

    private func checksum(_ column: Column) -> UInt64? {
        guard let bytes = bytes(column), bytes.count == 8 else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A row that says that a record is gone.
    private func goneItem(_ kind: DumpItem.Kind) -> DumpItem? {
        guard self[.op] == "gone" else { return nil }
        if let hash = bytes(.hash) { return DumpItem(forgotten: kind, hash: hash) }
        let key: [UInt8]? =
            switch kind {
            case .pin, .block: subject?.keyBytes
            case .value, .publication: entryKey?.bytes
            case .floor, .evidence: signerKey?.bytes
            case .history: signerKey.flatMap { place in number(.number).map { place.bytes + $0.bigEndianBytes } }
            }
        return key.map { DumpItem(gone: kind, key: $0) }
    }

    private func item(_ kind: DumpItem.Kind) -> DumpItem? {
        var encoder = RecordEncoder()
        switch kind {
        case .pin, .block:
            guard let subject, let since = moment(.since) else { return nil }
            encoder.encode(subject, since: since, in: kind == .pin ? .pins : .blocks)
        case .floor:
            guard let place = signerKey, let version, let noted = moment(.notedAt), let source else { return nil }
            encoder.encode(FloorRecord(version: version, noted: noted, source: source), under: place)
        case .history:
            guard let record = facts, let target = target, let replacedAt = moment(.replacedAt),
                let number = self[.number].flatMap({ UInt64($0) }), let signer = record.entry.signature?.signer.mid
            else { return nil }
            let key = HistoryKey(target: target, signer: signer, number: number)
            encoder.encodeHistory(key, entry: record.entry.bytes, record.facts, replacedAt: replacedAt)
        case .value:
            guard let record = facts, let target = target else { return nil }
            let key = EntryKey(target: target, entry: record.entry)
            encoder.encode(key, entry: record.entry.bytes, record.facts)
        case .evidence:
            guard let place = signerKey, let version, let noted = moment(.notedAt), let source,
                let held = bytes(.entry), let offered = bytes(.offered)
            else { return nil }
            encoder.encode(
                EvidenceRecord(version: version, noted: noted, source: source, held: held, offered: offered),
                under: place)
        case .publication:
            guard let key = entryKey, let version, let published = moment(.publishedAt) else { return nil }
            encoder.encode(
                PublicationRecord(version: version, published: published, withdrawn: moment(.withdrawnAt)), under: key)
        }
        return encoder.item(kind)
    }

    private func bytes(_ column: Column) -> [UInt8]? { self[column].flatMap { Hex.decode($0) } }
    private func moment(_ column: Column) -> Instant? { self[column].flatMap { Instant(iso8601: $0) } }
    private var version: Version? { self[.version].flatMap { UInt32($0) }.map { Version($0) } }
    private var target: Target? { self[.key].flatMap { Target(hex: $0) } }

    private var source: Source? {
        guard let bytes = bytes(.source), bytes.count == Source.byteCount else { return nil }
        return bytes.withUnsafeBytes { Source($0, at: 0) }
    }

    private var subject: ArchiveSubject? {
        if let target { return .key(target) }
        return self[.id].flatMap { Mid(hex: $0) }.map { .signer($0) }
    }

    private var signerKey: SignerKey? {
        guard let target, let signer = self[.id].flatMap({ Mid(hex: $0) }) else { return nil }
        return SignerKey(target: target, signer: signer)
    }

    private var entryKey: EntryKey? {
        guard let target, let id = self[.id].flatMap({ EntryID(hex: $0) }),
            let entryClass = EntryClass.allCases.first(where: { $0.name == self[.class] })
        else { return nil }
        return EntryKey(target: target, entryClass: entryClass, id: id)
    }

    private var facts: (entry: Entry, facts: EntryFacts)? {
        guard let entry = bytes(.entry).flatMap({ try? Entry(bytes: $0) }), let firstSeen = moment(.firstSeen),
            let lastStored = moment(.lastStored), let expiresAt = moment(.expiresAt)
        else { return nil }
        var provenance = Provenance.publishedHere
        if self[.publishedHere] != "true" {
            guard let sender = self[.sender].flatMap({ Mid(hex: $0) }),
                let address = self[.senderAddress].flatMap({ Address($0) })
            else { return nil }
            provenance = .received(from: sender, at: address)
        }
        return (
            entry,
            EntryFacts(
                version: entry.signature?.version ?? Version(0), firstSeen: firstSeen, lastStored: lastStored,
                expiresAt: expiresAt, provenance: provenance, isWithdrawn: self[.withdrawn] == "true")
        )
    }
}

extension RecordEncoder {
    /// The record that was encoded, as an item of a dump.
    fileprivate mutating func item(_ kind: DumpItem.Kind) -> DumpItem? {
        var item: DumpItem?
        _ = try? finish { (key, value) throws(ArchiveError) in
            let body = value.dropFirst().dropLast(RecordChecksum.overheadBytes - 1)
            item = DumpItem(kind: kind, key: Array(key), body: Array(body))
        }
        return item
    }
}
