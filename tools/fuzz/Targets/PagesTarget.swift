import Foundation
import Glibc
import IPv8
import Synchronization

@testable import Archive

/// Damage to the pages of an archive's file: it is found, or it is harmless.
///
///     place 3 | length 1 | bytes …       one change after the other to a file that is sound
///
/// LMDB trusts its pages, so a change that passes the check of pages must not end a process that reads on.
enum PagesTarget {
    private static let changesMax = 16
    private static let verifier = SignatureVerifier()
    private static let template = Result { try Template() }
    /// Runs in one process have one file, which is damaged by one of them at a time.
    private static let turn = Mutex(())

    static func run(_ input: [UInt8]) throws(Violation) {
        guard let template = try? template.get() else { throw Violation("no archive could be made to damage") }
        var source = ByteSource(input)
        var changes: [(place: Int, bytes: [UInt8])] = []
        while !source.isEmpty, changes.count < changesMax {
            let place = Int(source.byte()) << 16 | Int(source.byte()) << 8 | Int(source.byte())
            let bytes = source.take(1 + Int(source.byte() & 15))
            changes.append((place % template.bytes.count, bytes))
        }
        turn.withLock { _ in read(template, after: changes) }
    }

    private static func read(_ template: Template, after changes: [(place: Int, bytes: [UInt8])]) {
        for change in changes { template.write(change.bytes, at: change.place) }
        defer { for change in changes { template.restore(change.place, count: change.bytes.count) } }
        do {
            _ = try Archive.checkStructure(folder: template.folder)
        } catch {
            return
        }
        template.readEverything()
    }

    /// An intact file with branches, overflow pages and free pages, made again by each process.
    private final class Template: Sendable {
        let folder: String
        let bytes: [UInt8]
        private let file: Int32

        init() throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "fuzz-pages-\(getpid())").path
            try? FileManager.default.removeItem(atPath: folder)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            self.folder = folder
            try Template.fill(folder)
            let path = folder + "/archive.mdb"
            bytes = Array(try Data(contentsOf: URL(filePath: path)))
            file = open(path, O_RDWR | O_CLOEXEC)
            atexit { PagesTarget.removeTemplate() }
        }

        private static func fill(_ folder: String) throws {
            var options = ArchiveOptions()
            options.mapBytes = 64 << 20
            options.diskReserveBytes = 0
            let start = Instant(seconds: 1_700_000_000)
            let archive = try Archive.open(folder: folder, options: options, now: start)
            let sender = Provenance.received(
                from: Mid(bits: .zero), at: Address(host: .v4(0x7F01_0001), port: 8090))
            for group in 0..<4 {
                let changes = try (0..<24).map { number in
                    ArchiveChange.store(
                        StoreChange(
                            target: Target(hashing: "\(number)"), entries: [try Entry(unsigned: [UInt8(group)])],
                            expiresAt: start + .seconds(60), provenance: sender))
                }
                _ = try archive.commit(changes, at: start)
            }
            archive.close()
        }

        func write(_ new: [UInt8], at place: Int) {
            let fitting = new.prefix(bytes.count - place)
            _ = fitting.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, off_t(place)) }
        }

        func restore(_ place: Int, count: Int) {
            write(Array(bytes[place..<min(bytes.count, place + count)]), at: place)
        }

        /// Reads every record through LMDB, and reports damaged ones.
        func readEverything() {
            // A small map, because the sanitizer keeps books about address space.
            let path = folder + "/archive.mdb"
            guard let environment = try? ReadOnlyEnvironment(path: path, isShared: false, mapBytes: 64 << 20) else {
                return
            }
            for table in Table.allCases where environment.has(table) {
                try? environment.read { (transaction) throws(ArchiveError) in
                    var cursor = try transaction.cursor(table)
                    var isThere = try cursor.first()
                    while isThere {
                        let record = RawRecord(key: Array(cursor.key), value: Array(cursor.value))
                        _ = RecordCheck.fault(of: record, in: table, PagesTarget.verifier)
                        isThere = try cursor.next()
                    }
                }
            }
        }
    }

    private static func removeTemplate() {
        if let template = try? template.get() { try? FileManager.default.removeItem(atPath: template.folder) }
    }
}
