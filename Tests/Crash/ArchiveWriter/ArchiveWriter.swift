import Archive
import Foundation
import IPv8

/// The program that the tests in this folder kill, cut off from power, or run on a failing disk: it stores at full
/// speed and says what has been acknowledged, or looks whether what was acknowledged is there.
///
///     ArchiveWriter write FOLDER ROUND GROUP              without end
///     ArchiveWriter endure FOLDER ROUND GROUP GROUPS      so many groups, whatever fails, and a clean end
///     ArchiveWriter verify FOLDER [INDEX] < acknowledged; INDEX is a case of ``Verifying/IndexState``
///     ArchiveWriter read FOLDER [unchecked] < acknowledged, from an archive that may be damaged; see ``Reading``
///     ArchiveWriter sample FOLDER COUNT                   an archive with something of everything; see ``Sampling``
///
/// Lines: `target id version digest`, of a value that is held; the digest is SHA-1 of the serialized entry.
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
            case let words where words.count == 5 && words[0] == "endure":
                guard let round = UInt32(words[2]), let group = Int(words[3]), group > 0, let groups = Int(words[4])
                else { usage() }
                var writing = try Writing(folder: words[1], round: round, group: group)
                try writing.endure(groups: groups)
            case let words where (2...3).contains(words.count) && words[0] == "verify":
                guard let index = Verifying.IndexState(rawValue: words.count == 3 ? words[2] : "whole") else { usage() }
                let isFine = try Verifying(folder: words[1], index: index).run()
                exit(isFine ? 0 : 1)
            case let words where (2...3).contains(words.count) && words[0] == "read":
                let isChecked = words.count == 2
                guard isChecked || words[2] == "unchecked" else { usage() }
                var reading = try Reading(folder: words[1], isChecked: isChecked)
                reading.run()
            case let words where words.count == 3 && words[0] == "sample":
                guard let count = Int(words[2]), count >= 0 else { usage() }
                var sampling = try Sampling(folder: words[1])
                try sampling.run(count: count)
            default:
                usage()
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(2)
        }
    }

    private static func usage() -> Never {
        let text = """
            usage: ArchiveWriter write FOLDER ROUND GROUP | endure FOLDER ROUND GROUP GROUPS
                | verify FOLDER [INDEX] | read FOLDER [unchecked] | sample FOLDER COUNT

            """
        FileHandle.standardError.write(Data(text.utf8))
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
