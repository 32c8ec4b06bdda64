import Archive
import Foundation
import IPv8

/// Opens the archive after a kill and looks whether everything that was acknowledged is there.
struct Verifying {
    private let archive: Archive
    private let verifier = SignatureVerifier()

    private let index: IndexState

    /// What may have happened to the index.
    enum IndexState: String {
        case whole
        /// It may be missing or not fit.
        case rebuild
        /// Its content may have been altered.
        case damaged
        /// It cannot be written at the moment, and is not looked at.
        case unusable
    }

    init(folder: String, index: IndexState) throws {
        self.index = index
        archive = try Archive.open(folder: folder, options: ArchiveWriter.options, now: ArchiveWriter.now)
    }

    /// Reads the acknowledged values from standard input, and writes what is held under their targets, or what is
    /// wrong, in lines that begin with `!`.
    func run() throws -> Bool {
        var faults: [String] = []
        var acknowledged: [Target: [Acknowledged]] = [:]
        while let line = readLine() {
            guard let value = Acknowledged(line) else {
                faults.append("cannot read: \(line)")
                continue
            }
            acknowledged[value.target, default: []].append(value)
        }
        for (target, values) in acknowledged.sorted(by: { $0.key < $1.key }) {
            let records = try archive.records(of: target)
            let held = Dictionary(records.map { ($0.entry.id, $0) }) { first, _ in first }
            faults += values.compactMap { $0.fault(in: held) }
            faults += signatureFaults(target, records, acknowledged: Set(values.map(\.digest)))
            try faults += servingFaults(target, records)
            print(records.map { ArchiveWriter.line(target, $0.entry) }.joined(), terminator: "")
        }
        faults += try indexFaults()
        faults += archive.damagedRecords.map { "damaged: \($0.table) \(Hex.encode($0.key))" }
        for fault in faults { print("! \(fault)") }
        return faults.isEmpty
    }

    /// What was acknowledged with these very bytes was signed by the writer; of everything else the signature is checked.
    private func signatureFaults(
        _ target: Target, _ records: [ArchivedRecord], acknowledged: Set<String>
    ) -> [String] {
        records.compactMap { record in
            let isKnown = acknowledged.contains(Hex.encode(Digest.sha1(record.entry.bytes).bytes))
            guard !isKnown, !record.entry.isAuthentic(accordingTo: verifier) else { return nil }
            return "a signature is wrong: \(target) \(record.entry.id)"
        }
    }

    /// What is served has to be what is held: nothing here expires.
    private func servingFaults(_ target: Target, _ records: [ArchivedRecord]) throws -> [String] {
        let served = try archive.page(of: target, offset: 0, limit: .max, at: ArchiveWriter.now)
        return Set(served) == Set(records.map(\.entry.bytes)) ? [] : ["something else is served: \(target)"]
    }

    private func indexFaults() throws -> [String] {
        guard index != .unusable else { return [] }
        guard index == .damaged else { return try followToEnd() + archive.indexDifferences() }
        // An index that turns out to be damaged is moved aside, and the next call begins another one; what is wrong
        // within a row is only seen by comparing.
        for _ in 0..<3 {
            do {
                if try followToEnd().isEmpty, try archive.indexDifferences().isEmpty { return [] }
                try archive.rebuildIndex(because: "it differs from the archive")
            } catch {
                continue
            }
        }
        return try followToEnd() + archive.indexDifferences()
    }

    private func followToEnd() throws -> [String] {
        var faults: [String] = []
        repeat {
            let step = try archive.follow(limit: 4096)
            if let reason = step.rebuildReason, index == .whole {
                faults.append("the index had to be rebuilt: \(reason)")
            }
            if step.isCurrent { break }
        } while true
        let statistics = try archive.statistics()
        if statistics.indexLast != statistics.journalLast { faults.append("the index stopped behind the journal") }
        return faults
    }
}

/// A value that was acknowledged.
struct Acknowledged {
    let target: Target
    let id: EntryID
    let version: UInt32
    let digest: String

    init?(_ line: String) {
        let words = line.split(separator: " ")
        guard words.count == 4, let target = Target(hex: words[0]), let id = EntryID(hex: words[1]),
            let version = UInt32(words[2])
        else { return nil }
        self.target = target
        self.id = id
        self.version = version
        digest = String(words[3])
    }

    /// What is wrong with it, if anything.
    func fault(in records: [EntryID: ArchivedRecord]) -> String? {
        guard let record = records[id] else { return "lost: \(target) \(id) version \(version)" }
        let held = record.entry.signature?.version.number ?? 0
        if held < version { return "went back from version \(version) to \(held): \(target) \(id)" }
        if held == version, Hex.encode(Digest.sha1(record.entry.bytes).bytes) != digest {
            return "altered: \(target) \(id) version \(version)"
        }
        return nil
    }
}
