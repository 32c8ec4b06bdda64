internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import HTTPAPI
internal import IPv8
internal import Platform
internal import SystemPackage

/// `bristlecone support FILE`
struct SupportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "support",
        abstract: "Write what somebody needs to know to help you into a text file.",
        discussion: """
            Works beside a running node and on a stopped one, and sends nothing: it prints what is in the file, and you \
            read it before you give it to anybody. The file has no private key, no API key and no values, but it has \
            addresses of this node and of others.

            For example:

              bristlecone support report.txt
              bristlecone support report.txt --log /var/log/bristlecone.log
            """)

    @Argument(help: ArgumentHelp("The file to create.", valueName: "file"))
    var file: String

    @Option(
        name: .customLong("log"),
        help: ArgumentHelp("A file with the node's log; by default the journal is asked.", valueName: "file"))
    var log: String?

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        var bundle = SupportBundle()
        bundle.add("versions", SupportCommand.versions)
        bundle.add("configuration", await configuration())
        await bundle.add("status") { try await status() }
        await bundle.add("overview") { try JSONText.encode(try await client.call(Operations.overview)) }
        await bundle.add("plan") { try JSONText.encode(try await client.call(Operations.plan)) }
        await bundle.add("history") {
            try JSONText.encode(try await client.call(Operations.history, HistoryParameters(resolution: .hour)))
        }
        await bundle.add("events") {
            try JSONText.encode(try await client.call(Operations.events, EventsParameters(limit: 1000)))
        }
        bundle.add("files", SupportCommand.files(in: client.folder))
        bundle.add("stat", SupportCommand.stat(client.folder))
        bundle.add("log", log.map(SupportCommand.tail) ?? SupportCommand.journal)
        try bundle.write(to: file)
        let sections = bundle.sections
        try client.show(Answer(file: file, sections: sections.map { SectionReport($0) })) { _ in
            let lines = sections.map { "  \($0.name): \($0.summary)" }
            return
                (["\(file) contains:"] + lines + [
                    "It has no private key, no API key and no values, but addresses of this node and of others.",
                    "Read it before you send it to anybody.",
                ]).joined(separator: "\n")
        }
    }

    private struct Answer: Encodable {
        let file: String
        let sections: [SectionReport]
    }

    private struct SectionReport: Encodable {
        let name: String
        let lines: Int
        let bytes: Int

        init(_ section: SupportBundle.Section) {
            (name, lines, bytes) = (section.name, section.lineCount, section.text.utf8.count)
        }
    }

    private func status() async throws -> String {
        let status = try await client.call(Operations.status)
        return "\(status.text(on: .plain))\n\n\(try JSONText.encode(status))"
    }

    /// The settings of the running node, or those that a start would have. None of them is a secret: keys have files of
    /// their own.
    private func configuration() async -> String {
        if let report = try? await client.call(Operations.settings) {
            return report.text(on: .plain, runningIn: client.folder)
        }
        var flags = ConfigurationFlags()
        flags.dataFolder = client.folder
        do throws(ConfigurationError) {
            let environment = ProcessInfo.processInfo.environment
            let configuration = try EffectiveConfiguration.load(flags: flags, environment: environment)
            return ConfigurationReport(configuration).text(on: .plain, runningIn: nil)
        } catch {
            return error.problems.map(\.description).joined(separator: "\n")
        }
    }

    private static var versions: String {
        let system = (try? SupportCommand.start(of: "/etc/os-release", bytesMax: 4096)) ?? "unknown"
        var name = utsname()
        uname(&name)
        let kernel = withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let machine = withUnsafeBytes(of: name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return "bristlecone \(Release.version)\nkernel \(kernel) \(machine)\n\(system)"
    }

    /// Names, sizes, owners and permissions; no content.
    private static func files(in folder: String) -> String {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        guard !names.isEmpty else { return "\(folder) is empty, missing or closed to this user." }
        return names.sorted().map { name in
            guard let status = try? FileStatus.of("\(folder)/\(name)", followsLinks: false) else { return name }
            let mode = String(status.st_mode & 0o7777, radix: 8)
            return "\(name) \(status.st_size) bytes, mode \(mode), owner \(FileStatus.userName(status.st_uid))"
        }.joined(separator: "\n")
    }

    private static func stat(_ folder: String) -> String {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "bristlecone"
        let tool = program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return output(of: "\(shellWord("\(tool)/bristlecone-dump")) stat \(shellWord(folder)) 2>&1")
    }

    private static var journal: String {
        output(of: "journalctl --no-pager -n 2000 -t bristlecone 2>&1")
    }

    private static let outputBytesMax = 4 << 20

    private static func output(of command: String) -> String {
        guard let stream = popen(command, "r") else { return "The command could not be run: \(command)" }
        defer { pclose(stream) }
        var bytes = [UInt8](repeating: 0, count: outputBytesMax)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// The end of a log.
    private static func tail(of path: String) -> String {
        do throws(Errno) {
            let file = try OpenFile(path, flags: O_RDONLY | O_NONBLOCK)
            let size = Int(try file.status().st_size)
            var bytes = [UInt8](repeating: 0, count: min(size, outputBytesMax))
            let count = try WholeBytes.read(into: &bytes, from: file.descriptor, at: max(0, size - bytes.count))
            return String(decoding: bytes.prefix(count), as: UTF8.self)
        } catch {
            return "\(path) cannot be read (\(error))."
        }
    }

    private static func start(of path: String, bytesMax: Int) throws -> String {
        String(decoding: try OpenFile(path, flags: O_RDONLY).read(bytesMax: bytesMax).prefix(bytesMax), as: UTF8.self)
    }
}

/// A text in sections.
struct SupportBundle {
    struct Section {
        let name: String
        let text: String

        var lineCount: Int { text.split(separator: "\n").count }
        var summary: String { "\(Words.count(lineCount, "line")), \(Words.space(text.utf8.count))" }
    }

    private(set) var sections: [Section] = []

    mutating func add(_ name: String, _ text: String) { sections.append(Section(name: name, text: text)) }

    /// Adds what a running node says, or why it says nothing.
    mutating func add(_ name: String, _ text: () async throws -> String) async {
        do {
            add(name, try await text())
        } catch {
            add(name, "\(error)")
        }
    }

    func write(to path: String) throws {
        let text = sections.map { "===== \($0.name) =====\n\($0.text)\n" }.joined(separator: "\n")
        do throws(Errno) {
            let file = try OpenFile(creating: path)
            try file.write(Array(text.utf8))
        } catch {
            let reason = error == .fileExists ? "there is a file of that name" : "\(error)"
            throw CommandFailure(message: "\(path) cannot be written (\(reason)): name another file.")
        }
    }
}
