internal import Archive
internal import ArgumentParser
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import IPv8
internal import Platform

/// The options of all commands that read an archive.
struct DumpOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("A node's data folder or a backup.", valueName: "dir"))
    var folder = "./data"

    @OptionGroup var output: OutputOptions

    var json: Bool { output.json }

    /// Opens the archive, and reports missing parts.
    ///
    /// - Parameter readsAll: whether the command reads all of the archive, and so has it looked over to its end.
    func open(readsAll: Bool = false) throws(ArchiveError) -> ArchiveReader {
        let reader = try ArchiveReader.open(folder: folder)
        try Shortfall.look(at: reader, called: folder, limit: readsAll ? nil : Shortfall.briefly)
        return reader
    }

    /// Opens an archive for a walk that takes its time: beside a running node a copy of one state.
    func openAtRest() throws(ArchiveError) -> ArchiveReader {
        let reader = try ArchiveReader.open(folder: folder).atRest(temporaryFolder: TemporaryFolder.path)
        try Shortfall.look(at: reader, called: folder, limit: nil)
        return reader
    }

    /// Prints an answer: as JSON, or as the text for people that is made for the terminal.
    func show(_ report: some Encodable, _ text: (Terminal) -> String) throws {
        try Output.answer(json ? try JSONText.encode(report) : text(OutputOptions.terminal))
    }

    /// The machine's time.
    static var now: Instant {
        // A clock may be set beyond the last moment there is.
        Instant(sinceEpoch: SystemClock.sinceEpoch)
    }
}

/// How an answer is written.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print the answer as JSON; for a list, one object per line.")
    var json = false

    /// Prints an answer: as JSON, or as the text for people that is made for the terminal.
    func show(_ answer: @autoclosure () -> JSON, _ text: (Terminal) -> String) throws(DumpFailure) {
        let text = json ? answer().text : text(OutputOptions.terminal)
        try RowWriter.write(Array(SafeText.lines(text).utf8) + [UInt8(ascii: "\n")])
    }

    /// The terminal of standard output.
    static var terminal: Terminal {
        Terminal(descriptor: STDOUT_FILENO, environment: ProcessInfo.processInfo.environment)
    }
}

/// The length of a list.
struct LimitOption: ParsableArguments {
    @Option(help: ArgumentHelp("List at most this many.", valueName: "count"))
    var limit: Int?

    mutating func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }
}

/// The key that a command is about.
struct KeyArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp("A text (its SHA-1 is the key) or 40 hexadecimal digits.", valueName: "key"),
        transform: { text in
            guard !text.isEmpty else {
                throw ValidationError("The key is empty: give a text or 40 hexadecimal digits.")
            }
            return Target(hex: text) ?? Target(hashing: text)
        })
    var key: Target
}

/// A moment on the command line.
struct MomentArgument: ExpressibleByArgument {
    let instant: Instant

    static let form = "2026-02-03, 2026-02-03T12:00:00Z, or how long ago: 90min, 3h, 2d"

    /// Reads a date or a time in ISO 8601, in UTC unless it says otherwise, or a time that has gone by.
    init?(argument: String) {
        if let age = MomentArgument.age(argument) {
            instant = DumpOptions.now - age
        } else {
            guard let moment = Instant(rfc3339: argument) else { return nil }
            instant = moment
        }
    }

    private static let units: [(name: String, seconds: Int64)] = [
        ("s", 1), ("min", 60), ("h", 3600), ("d", 86_400), ("w", 7 * 86_400),
    ]

    private static func age(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = text.dropFirst(digits.count)
        guard let count = Int64(digits), count < 1_000_000,
            let unit = units.first(where: { $0.name == name })
        else { return nil }
        return .seconds(count * unit.seconds)
    }
}

extension Terminal {
    /// On short lines a date is enough, with the age beside it.
    private var isNarrow: Bool { columns.map { $0 < 140 } ?? false }

    /// A moment and its age in a column: `2026-02-03T12:00:00Z 3 h ago`.
    func column(_ instant: Instant, at now: Instant) -> String {
        let moment = Words.moment(instant)
        return "\(isNarrow ? String(moment.prefix(10)) : moment) \(Words.distance(instant, from: now))"
    }

    /// How wide such a column is, up to ages of four digits.
    var momentWidth: Int { isNarrow ? 21 : 31 }
}
