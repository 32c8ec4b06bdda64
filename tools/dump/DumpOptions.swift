internal import Archive
internal import ArgumentParser
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import IPv8

/// What all commands take.
struct DumpOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The data folder of a node, or a backup.", valueName: "dir"))
    var folder = "./data"

    @Flag(help: "Print the answer as JSON.")
    var json = false

    /// Opens the archive.
    func open() throws(ArchiveError) -> ArchiveReader { try ArchiveReader.open(folder: folder) }

    /// Prints an answer: as JSON, or as the text for people that is made for the terminal.
    func show(_ report: some Encodable, _ text: (Terminal) -> String) throws {
        Output.show(json ? try DumpJSON.encode(report) : text(DumpOptions.terminal))
    }

    /// Whoever reads standard output.
    static var terminal: Terminal {
        Terminal(descriptor: STDOUT_FILENO, environment: ProcessInfo.processInfo.environment)
    }

    /// The machine's time.
    static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// JSON in one line, keys in alphabetical order.
enum DumpJSON {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from text: String) -> Value? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try? decoder.decode(type, from: Data(text.utf8))
    }
}

extension Words {
    /// A moment in UTC: `2026-02-03T12:00:00Z`.
    static func moment(_ instant: Instant) -> String {
        Date(timeIntervalSince1970: Double(instant.seconds)).formatted(.iso8601)
    }

    /// A moment and how far it is from now: `2026-02-03T12:00:00Z (3 h 12 min ago)`.
    static func moment(_ instant: Instant, at now: Instant) -> String {
        let distance = instant <= now ? "\(age(now - instant)) ago" : "in \(age(instant - now))"
        return "\(moment(instant)) (\(distance))"
    }
}
