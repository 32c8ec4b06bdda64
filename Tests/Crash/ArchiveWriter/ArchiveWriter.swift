import Archive
import Foundation
import IPv8

/// The program that `kill_archive.py` kills: it stores at full speed and says what has been acknowledged, or looks
/// whether what was acknowledged is there.
///
///     ArchiveWriter write FOLDER ROUND GROUP
///     ArchiveWriter verify FOLDER < acknowledged
///
/// Lines of both: `target id version digest`, of a value that is held; the digest is SHA-1 of the serialized entry.
@main
enum ArchiveWriter {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        do {
            switch Array(arguments) {
            case let words where words.count == 4 && words[0] == "write":
                guard let round = UInt32(words[2]), let group = Int(words[3]), group > 0 else { usage() }
                var writing = try Writing(folder: words[1], round: round, group: group)
                try writing.run()
            case let words where words.count == 2 && words[0] == "verify":
                let isFine = try Verifying(folder: words[1]).run()
                exit(isFine ? 0 : 1)
            default:
                usage()
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(2)
        }
    }

    private static func usage() -> Never {
        FileHandle.standardError.write(Data("usage: ArchiveWriter write FOLDER ROUND GROUP | verify FOLDER\n".utf8))
        exit(64)
    }

    /// No reserve: the test is about kills, not about the disk's room.
    static var options: ArchiveOptions {
        var options = ArchiveOptions()
        options.diskReserveBytes = 0
        return options
    }

    /// When everything here happens; values last for a day.
    static let now = Instant(seconds: 1_700_000_000)

    static func line(_ target: Target, _ entry: Entry) -> String {
        let version = entry.signature?.version.number ?? 0
        return "\(target) \(entry.id) \(version) \(Hex.encode(Digest.sha1(entry.bytes).bytes))\n"
    }
}
