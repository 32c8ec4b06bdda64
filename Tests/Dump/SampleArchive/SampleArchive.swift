import Archive
import Foundation
import IPv8

/// Makes the archives that the tests in this folder look into.
///
///     SampleArchive FOLDER NOW empty       an archive without a value
///     SampleArchive FOLDER NOW small       one with something of everything; see ``Story``
///     SampleArchive FOLDER NOW COUNT       one with so many unsigned values
///
/// NOW is in seconds since 1970. Keys, values and versions are always the same ones.
@main
enum SampleArchive {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 3, let seconds = Int64(arguments[1]) else { fail("FOLDER NOW empty|small|COUNT", 64) }
        let now = Instant(seconds: seconds)
        do {
            try FileManager.default.createDirectory(atPath: arguments[0], withIntermediateDirectories: true)
            switch arguments[2] {
            case "empty": try archive(arguments[0], now + .seconds(-86_400 - 1800)).close()
            case "small": try Story(folder: arguments[0], now: now).write()
            default:
                guard let count = Int(arguments[2]) else { fail("no such archive: \(arguments[2])", 64) }
                try fill(arguments[0], now, count)
            }
        } catch {
            fail("\(error)", 2)
        }
    }

    private static func fail(_ text: String, _ status: Int32) -> Never {
        FileHandle.standardError.write(Data("SampleArchive: \(text)\n".utf8))
        exit(status)
    }

    static func archive(_ folder: String, _ now: Instant) throws -> Archive {
        var options = ArchiveOptions()
        options.diskReserveBytes = 0
        // What is due comes in the same order whenever the sample is made.
        options.republishing.jitterMax = .zero
        return try Archive.open(folder: folder, options: options, now: now)
    }

    /// Brings the index to the journal's end.
    static func follow(_ archive: Archive) throws {
        while try !archive.follow().isCurrent {}
    }

    private static func fill(_ folder: String, _ now: Instant, _ count: Int) throws {
        let begun = now + .seconds(-86_400 - 1800)
        let archive = try archive(folder, begun)
        let sender = Provenance.received(from: Mid(bits: .zero), at: Address(host: .v4(0xC000_0201), port: 8090))
        for start in stride(from: 0, to: count, by: 4096) {
            let changes = try (start..<min(count, start + 4096)).map { number in
                ArchiveChange.store(
                    StoreChange(
                        target: Target(hashing: "\(number)"),
                        entries: [try Entry(unsigned: Array("value \(number)".utf8))],
                        expiresAt: now + .seconds(86_400 + 1800), provenance: sender))
            }
            _ = try archive.commit(changes, at: begun)
        }
        try follow(archive)
        archive.close()
    }
}
