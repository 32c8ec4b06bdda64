import Archive
import Foundation
import IPv8

/// Reads everything that was acknowledged from an archive that may be damaged, stores some more and reads again.
///
/// Lines that begin with `damaged:` report damage, lines that begin with `!` tell of a wrong or missing value of which
/// nothing was reported.
struct Reading {
    private let archive: Archive
    private let acknowledged: [Target: [Acknowledged]]
    private var reports: [String] = []
    private var altered: [String] = []
    private var missing: Set<String> = []

    /// - Parameter isChecked: whether opening may look over LMDB's pages first.
    init(folder: String, isChecked: Bool) throws {
        var options = ArchiveWriter.options
        options.structureCheckMax = isChecked ? nil : .zero
        archive = try Archive.open(folder: folder, options: options, now: ArchiveWriter.now)
        acknowledged = Dictionary(
            grouping: sequence(state: ()) { _ in readLine() }.compactMap { Acknowledged($0) }, by: \.target)
    }

    /// Reads, stores, reads, and prints what came of it.
    mutating func run() {
        readAll()
        storeSome()
        readAll()
        follow()
        reports += archive.damagedRecords.map { "\($0.table) \(Hex.encode($0.key))" }
        archive.close()
        for report in reports { print("damaged: \(report)") }
        for fault in altered + (reports.isEmpty ? missing.sorted() : []) { print("! \(fault)") }
    }

    private mutating func readAll() {
        for (target, values) in acknowledged.sorted(by: { $0.key < $1.key }) {
            trying { reading in
                let records = try reading.archive.records(of: target)
                let served = Set(try reading.archive.page(of: target, offset: 0, limit: .max, at: ArchiveWriter.now))
                for record in records where !served.contains(record.entry.bytes) {
                    reading.altered.append("not served: \(target) \(record.entry.id)")
                }
                let recordsByID = Dictionary(records.map { ($0.entry.id, $0) }, uniquingKeysWith: { first, _ in first })
                for value in values {
                    guard let fault = value.fault(in: recordsByID) else { continue }
                    if fault.hasPrefix("lost") { reading.missing.insert(fault) } else { reading.altered.append(fault) }
                }
            }
        }
    }

    /// Enough for pages to be taken from the list of free ones, split and joined.
    private mutating func storeSome() {
        for group in 0..<40 {
            trying { reading in
                let entries = try (0..<4).map { try Entry(unsigned: Array("later \(group) \($0)".utf8)) }
                _ = try reading.archive.commit(
                    [
                        .store(
                            StoreChange(
                                target: Target(hashing: "later \(group)"), entries: entries,
                                expiresAt: ArchiveWriter.now + .seconds(3600), provenance: .publishedHere))
                    ], at: ArchiveWriter.now)
                let held = try reading.archive.records(of: Target(hashing: "later \(group)")).map(\.entry)
                if Set(held) != Set(entries) { reading.missing.insert("lost at once: group \(group)") }
            }
        }
    }

    private mutating func follow() {
        trying { reading in
            repeat {
                let step = try reading.archive.follow(limit: 4096)
                if let reason = step.rebuildReason { reading.reports.append("the index was rebuilt: \(reason)") }
                if step.isCurrent { break }
            } while true
            reading.reports += try reading.archive.indexDifferences()
        }
    }

    private mutating func trying(_ body: (inout Reading) throws -> Void) {
        do {
            try body(&self)
        } catch {
            let report = "\(error)"
            if !reports.contains(report) { reports.append(report) }
        }
    }
}
