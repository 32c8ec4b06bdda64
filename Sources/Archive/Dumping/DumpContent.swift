package import IPv8

/// What an item of a dump says, once key and body were found to fit each other. Signatures are still to be checked.
package enum DumpContent: Sendable {
    case pin(ArchiveSubject, since: Instant)
    case floor(Target, Mid, version: Version, noted: Instant)
    case history(number: UInt64, replacedAt: Instant, ArchivedRecord, of: Target)
    case value(ArchivedRecord, of: Target)
    case evidence(Evidence, version: Version)
    case publication(ArchivedPublication)
    case block(ArchiveSubject, since: Instant)
    /// The record is gone; only its key is known, or the hash of it.
    case gone(DumpItem.Kind)

    /// Reads an item; `nil` if it contradicts itself or holds what the format forbids.
    package init?(_ item: DumpItem) {
        guard item.fault == nil else { return nil }
        guard item.state == .present else {
            self = .gone(item.kind)
            return
        }
        let content = item.key.withUnsafeBytes { key in
            item.body.withUnsafeBytes { body in DumpContent.read(item.kind, key, body) }
        }
        guard let content else { return nil }
        self = content
    }

    private static func read(
        _ kind: DumpItem.Kind, _ key: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer
    ) -> DumpContent? {
        switch kind {
        case .pin, .block:
            guard let subject = ArchiveSubject(key), body.count == 8 else { return nil }
            return kind == .pin
                ? .pin(subject, since: body.instant(at: 0)) : .block(subject, since: body.instant(at: 0))
        case .floor:
            guard let place = SignerKey(key), body.count == FloorRecord.bodyBytes, let floor = FloorRecord(body: body)
            else { return nil }
            return .floor(place.target, place.signer, version: floor.version, noted: floor.noted)
        case .history: return readHistory(key, body)
        case .value:
            guard let place = EntryKey(key), let record = record(body),
                EntryKey(target: place.target, entry: record.entry) == place
            else { return nil }
            return .value(record, of: place.target)
        case .evidence: return readEvidence(key, body)
        case .publication:
            guard let place = EntryKey(key), body.count == 20, let record = PublicationRecord(body: body) else {
                return nil
            }
            return .publication(
                ArchivedPublication(
                    target: place.target, id: place.id, version: record.version, published: record.published,
                    withdrawn: record.withdrawn))
        }
    }

    private static func readHistory(_ key: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> DumpContent? {
        guard let place = HistoryKey(key), let past = HistoryRecord(body: body), body.count > 8,
            let record = record(UnsafeRawBufferPointer(rebasing: body[8...])),
            record.entry.signature?.signer.mid == place.signer
        else { return nil }
        return .history(number: place.number, replacedAt: past.replacedAt, record, of: place.target)
    }

    /// A record of an entry, where the version that it notes is that of its value.
    private static func record(_ body: UnsafeRawBufferPointer) -> ArchivedRecord? {
        guard let record = EntryRecord(body: body), let archived = ArchivedRecord(record),
            record.version == archived.entry.signature?.version ?? Version(0)
        else { return nil }
        return archived
    }

    private static func readEvidence(_ key: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> DumpContent? {
        guard let place = SignerKey(key), let record = EvidenceRecord(body: body),
            let held = try? Entry(bytes: record.held), let offered = try? Entry(bytes: record.offered)
        else { return nil }
        for entry in [held, offered] {
            guard let signature = entry.signature, signature.signer.mid == place.signer,
                signature.version == record.version
            else { return nil }
        }
        guard held.data != offered.data else { return nil }
        return .evidence(
            Evidence(target: place.target, signer: place.signer, noted: record.noted, held: held, offered: offered),
            version: record.version)
    }

    /// The entries in it, whose signatures have to be valid.
    package var entries: [Entry] {
        switch self {
        case .history(_, _, let record, _), .value(let record, _): [record.entry]
        case .evidence(let evidence, _): [evidence.held, evidence.offered]
        case .pin, .floor, .publication, .block, .gone: []
        }
    }

    /// Whether it says that something came, changed or was decided at a moment or later.
    package func isNew(since moment: Instant) -> Bool {
        switch self {
        case .pin(_, let since), .block(_, let since): since >= moment
        case .floor(_, _, _, let noted): noted >= moment
        case .history(_, let replacedAt, _, _): replacedAt >= moment
        // When it was withdrawn stands with the publication, not with the value.
        case .value(let record, _): record.lastStored >= moment || record.isWithdrawn
        case .evidence(let evidence, _): evidence.noted >= moment
        case .gone: true
        case .publication(let publication): max(publication.published, publication.withdrawn ?? .distantPast) >= moment
        }
    }
}
