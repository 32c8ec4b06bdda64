internal import Dispatch
internal import IPv8
internal import Synchronization

/// A record as it stands in a table, copied out of the map.
struct RawRecord: Sendable {
    var key: [UInt8]
    var value: [UInt8]
}

/// Checks whether a record is valid.
enum RecordCheck {
    /// What is wrong with a record that was altered, or stands where it does not belong.
    static let checksumFault = "does not match its checksum"

    /// What is wrong with a record; `nil` if nothing is.
    ///
    /// The quarantine holds records that are known to be damaged, so nothing is wrong there.
    static func fault(of record: RawRecord, in table: Table, _ verifier: SignatureVerifier) -> String? {
        guard table != .quarantine else { return nil }
        return record.key.withUnsafeBytes { key in
            record.value.withUnsafeBytes { value in
                guard let body = RecordChecksum.body(of: value, key: key, table: table) else {
                    return checksumFault
                }
                switch table {
                case .entries, .retained: return entryFault(body, key, verifier)
                case .history: return itemFault(.history, key, body, verifier)
                case .evidence: return itemFault(.evidence, key, body, verifier)
                case .floors: return itemFault(.floor, key, body, verifier)
                case .publications: return itemFault(.publication, key, body, verifier)
                case .pins: return itemFault(.pin, key, body, verifier)
                case .blocks: return itemFault(.block, key, body, verifier)
                case .journal: return JournalRecord(value, key: key) == nil ? "is no change that is known" : nil
                case .order where key.count != Bits160.byteCount && OrderKey(key) == nil: return "has an impossible key"
                case .meta, .secrets, .quarantine, .holdings, .ranks, .ages, .order: return nil
                }
            }
        }
    }

    /// How many signatures a sound record of a table holds.
    static func signatures(in record: RawRecord, of table: Table) -> Int {
        switch table {
        case .entries, .retained: EntryKey(bytes: record.key)?.entryClass == .unsigned ? 0 : 1
        case .history: 1
        case .evidence: 2
        case .meta, .floors, .secrets, .journal, .quarantine, .pins, .publications, .blocks, .holdings, .ranks, .ages,
            .order:
            0
        }
    }

    private static func entryFault(
        _ body: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, _ verifier: SignatureVerifier
    ) -> String? {
        guard let entryKey = EntryKey(key) else { return "has an impossible key" }
        guard let record = EntryRecord(body: body) else { return "is too short" }
        guard let entry = try? Entry(bytes: Array(record.entry)) else { return "holds no value" }
        guard EntryKey(target: entryKey.target, entry: entry) == entryKey else { return "stands under another key" }
        guard record.version == entry.signature?.version ?? Version(0) else {
            return "has another version than its value"
        }
        guard EntryRecord.fault(inBody: body) == nil else { return "holds what the format forbids" }
        guard entry.isAuthentic(accordingTo: verifier) else { return "has a wrong signature" }
        return nil
    }

    /// What is wrong with a record that dumps hold as it is.
    private static func itemFault(
        _ kind: DumpItem.Kind, _ key: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer,
        _ verifier: SignatureVerifier
    ) -> String? {
        guard key.count == kind.keyBytes else { return "has an impossible key" }
        guard let content = DumpContent(DumpItem(kind: kind, key: Array(key), body: Array(body))) else {
            return "contradicts itself"
        }
        return content.entries.allSatisfy { $0.isAuthentic(accordingTo: verifier) } ? nil : "has a wrong signature"
    }
}

/// A batch of records that is being checked on several threads, while the caller goes on.
final class BatchCheck: Sendable {
    let records: [RawRecord]
    private let faults: Mutex<[String?]>
    private let isDone = DispatchSemaphore(value: 0)

    /// Begins a check.
    init(_ records: [RawRecord], in table: Table, threads: Int, _ verifier: SignatureVerifier) {
        self.records = records
        faults = Mutex([String?](repeating: nil, count: records.count))
        DispatchQueue.global().async { [self] in
            let part = max(1, (records.count + threads - 1) / threads)
            DispatchQueue.concurrentPerform(iterations: (records.count + part - 1) / part) { number in
                for place in number * part..<min(records.count, (number + 1) * part) {
                    guard let fault = RecordCheck.fault(of: records[place], in: table, verifier) else { continue }
                    faults.withLock { $0[place] = fault }
                }
            }
            isDone.signal()
        }
    }

    /// Waits for the end; what is wrong with each record, in their order.
    func wait() -> [String?] {
        isDone.wait()
        isDone.signal()
        return faults.withLock { $0 }
    }
}

/// Measures how many signatures libsodium checks in a second on this machine, to compare a walk over an archive with.
enum BareSpeed {
    /// How long it is measured.
    private static let duration: Duration = .milliseconds(400)
    /// Fewer of them say nothing.
    private static let entriesMin = 64
    private static let entriesMax = 512

    /// Picks entries of curve25519 out of records, up to as many as are used.
    static func collect(_ entries: inout [Entry], from records: [RawRecord]) {
        for record in records where entries.count < entriesMax {
            guard record.value.count > EntryRecord.entryOffset + RecordChecksum.overheadBytes,
                let entry = try? Entry(
                    bytes: Array(record.value[EntryRecord.entryOffset..<record.value.count - 8])),
                entry.signature?.signer.level == .curve25519
            else { continue }
            entries.append(entry)
        }
    }

    /// Checks entries again and again on so many threads; `nil` if there are too few.
    static func measure(_ entries: [Entry], threads: Int) -> Double? {
        guard entries.count >= entriesMin else { return nil }
        let verifier = SignatureVerifier()
        let clock = ContinuousClock()
        let begun = clock.now
        let total = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: threads) { number in
            var place = number
            var count = 0
            while count % 32 != 0 || clock.now - begun < duration {
                _ = entries[place % entries.count].isAuthentic(accordingTo: verifier)
                place += 1
                count += 1
            }
            total.add(count, ordering: .relaxed)
        }
        let seconds = Double((clock.now - begun).nanoseconds) / 1e9
        return Double(total.load(ordering: .relaxed)) / seconds
    }
}
