internal import IPv8

extension DumpItem {
    /// The first rule of the format that the item breaks, as the end of a sentence; `nil` if it breaks none.
    ///
    /// Only the fixed fields are read. Whatever this accepts is written again in the same bytes, so an import can neither
    /// rewrite a field in silence nor keep one that no archive writes.
    package var fault: String? {
        guard state == .present else { return faultOfKey }
        return key.withUnsafeBytes { key in
            body.withUnsafeBytes { body in DumpItem.fault(of: kind, key, body) }
        }
    }

    /// What is wrong with an item that is gone, and so has a key alone.
    private var faultOfKey: String? {
        let keyBytes = state == .forgotten ? Digest256.byteCount : kind.keyBytes
        guard key.count == keyBytes, body.isEmpty else { return "it is gone and has more than a key" }
        guard state == .gone else { return nil }
        let isKey =
            switch kind {
            case .pin, .block: key.withUnsafeBytes { ArchiveSubject($0) } != nil
            case .value, .publication: EntryKey(bytes: key) != nil
            case .history, .floor, .evidence: true
            }
        return isKey ? nil : "its key is impossible"
    }

    private static func fault(
        of kind: Kind, _ key: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer
    ) -> String? {
        guard key.count == kind.keyBytes else { return "its key has \(key.count) bytes instead of \(kind.keyBytes)" }
        switch kind {
        case .pin, .block:
            guard body.count == 8 else { return "it is not 8 bytes long" }
            return fault(ofTimes: [("since", body.instant(at: 0))])
        case .floor:
            guard body.count == FloorRecord.bodyBytes else { return "it is not \(FloorRecord.bodyBytes) bytes long" }
            return Source(body, at: 12).fault ?? fault(ofTimes: [("noted", body.instant(at: 4))])
        case .evidence:
            guard body.count > FloorRecord.bodyBytes else { return "it is too short" }
            return Source(body, at: 12).fault ?? fault(ofTimes: [("noted", body.instant(at: 4))])
        case .history:
            guard body.count > 8 else { return "it is too short" }
            guard key.bigEndian(UInt64.self, at: 40) <= HistoryKey.numberMax else {
                return "its number \(key.bigEndian(UInt64.self, at: 40)) is above \(HistoryKey.numberMax)"
            }
            return fault(ofTimes: [("replaced", body.instant(at: 0))])
                ?? EntryRecord.fault(inBody: UnsafeRawBufferPointer(rebasing: body[8...]))
        case .value: return EntryRecord.fault(inBody: body)
        case .publication: return publicationFault(key, body)
        }
    }

    /// A publication's class follows from its key and signer, and an unsigned value has no version.
    private static func publicationFault(
        _ key: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer
    ) -> String? {
        guard let place = EntryKey(key), body.count == 20 else { return "it is not 20 bytes long, or has no class" }
        let isOwner = place.target.bits == place.id.bits
        guard place.entryClass == .unsigned || (place.entryClass == .owner) == isOwner else {
            return "its class does not fit its signer"
        }
        guard place.entryClass != .unsigned || body.bigEndian(UInt32.self, at: 0) == 0 else {
            return "it is of an unsigned value and has a version"
        }
        return fault(ofTimes: [("published", body.instant(at: 4)), ("withdrawn", body.instant(at: 12))])
    }

    /// No clock that an archive accepts is before 1970.
    fileprivate static func fault(ofTimes times: [(name: String, at: Instant)]) -> String? {
        times.first { $0.at.nanoseconds < 0 }.map { "its time \"\($0.name)\" is before 1970" }
    }
}

extension HistoryKey {
    /// The highest number that an earlier version may have, so that there is always one for the next.
    static let numberMax = UInt64(1) << 62
}

extension EntryRecord {
    /// What is forbidden in the fixed fields of a record; `nil` if nothing is.
    static func fault(inBody body: UnsafeRawBufferPointer) -> String? {
        guard let record = EntryRecord(body: body) else { return "it is too short" }
        let fields = fixedFields(of: body)
        guard fields.flags & ~flagsKnown == 0 else { return "its flags are \(fields.flags)" }
        if record.provenance == .publishedHere {
            guard fields.sender.allSatisfy({ $0 == 0 }), fields.address.allSatisfy({ $0 == 0 }) else {
                return "it was published here and names a sender"
            }
        } else {
            guard !record.isWithdrawn else { return "it is withdrawn and was not published here" }
            if let fault = addressFault(fields.address) { return fault }
        }
        return DumpItem.fault(ofTimes: [
            ("first seen", record.firstSeen), ("last stored", record.lastStored), ("expires", record.expiresAt),
        ])
    }

    /// An address is written in one way only: no address as zeros, IPv4 with zeros behind it.
    private static func addressFault(_ address: UnsafeRawBufferPointer) -> String? {
        let host = address[1..<17]
        let isPadded = host.dropFirst(4).allSatisfy { $0 == 0 }
        let isNone = address.dropFirst().allSatisfy { $0 == 0 }
        let isSound =
            switch address[0] {
            case 0: isNone
            case 4: isPadded && !isNone
            case 6: true
            default: false
            }
        return isSound ? nil : "its sender's address is not one (type \(address[0]))"
    }
}

extension Source {
    /// What is wrong with it; `nil` for the operator and for a prefix of its family's length.
    var fault: String? {
        let prefixMax: UInt64? =
            switch kind {
            case 0: 0
            case 4: 1 << 24 - 1
            case 6: 1 << 48 - 1
            default: nil
            }
        guard let prefixMax, prefix <= prefixMax else {
            return "its source does not exist (kind \(kind), prefix \(prefix))"
        }
        return nil
    }
}

/// What every item of a dump is held against, in whatever form the dump comes.
struct DumpItemCheck {
    let header: DumpHeader
    /// Whether items may come in any order, as in lines that somebody has picked.
    let isUnordered: Bool
    private var last: DumpItem?

    init(_ header: DumpHeader, isUnordered: Bool = false) {
        (self.header, self.isUnordered) = (header, isUnordered)
    }

    /// What is wrong with the next item, as the end of a sentence; `nil` if nothing is.
    mutating func fault(of item: DumpItem) -> String? {
        if !isUnordered, let last, !(last < item) {
            return last.hasKey(of: item) ? "it comes twice" : "it is out of order"
        }
        last = item
        if let fault = item.fault { return fault }
        guard item.state == .present || header.start != nil else {
            return "it says that a record is gone, and the dump is no increment"
        }
        guard let content = DumpContent(item) else { return "it contradicts itself" }
        guard header.prefix.isEmpty || Hex.encode(item.target.bytes).hasPrefix(header.prefix) else {
            return "its key does not begin with the header's prefix \(header.prefix)"
        }
        // From format 3 on the journal decides what is new, and no item shows that.
        if header.format < 3, let since = header.since, !content.isNew(since: since) {
            return "it is older than the header's moment \(since.iso8601)"
        }
        return nil
    }
}

extension DumpItem {
    fileprivate func hasKey(of other: DumpItem) -> Bool {
        state == other.state && kind == other.kind && key == other.key
    }
}
