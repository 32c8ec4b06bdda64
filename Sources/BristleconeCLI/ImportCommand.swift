internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import Glibc
internal import HTTPAPI
internal import IPv8
internal import Platform
internal import SystemPackage

/// `bristlecone import FILE`
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import a dump into the archive of the running node.",
        discussion: """
            The dump is a file that "bristlecone-dump export" wrote: a dump, lines of JSON or CSV, or an increment. The node \
            checks the whole dump first, and refuses it if it is damaged or incomplete. It checks every \
            signature, respects floors, versions and blocks, and removes no other value for lack of room. Meanwhile \
            it continues to answer and to store. One dump is imported at a time.

            Ctrl-C ends the import; what has been imported stays. To continue an interrupted import, repeat the command. \
            An increment is imported whole or not at all.

            Pins, publications, blocks and floors are imported too, as when an archive moves. No signature proves \
            them, so import like this only from somebody you trust. With --values-only the archive takes only what a \
            signature proves: use it for somebody else's archive.

            If the node is stopped, use "bristlecone-dump import". The exit status is 0 if the archive now has everything, \
            and 1 if anything was refused.

            For example:

              bristlecone import archive.dump
              zstd -dc archive.jsonl.zst | bristlecone import - --values-only
            """)

    @Argument(help: ArgumentHelp("The dump, or lines of JSON or CSV; - is standard input.", valueName: "dump"))
    var dump: String

    @Flag(help: "Do not import pins, publications, blocks and floors, and treat all values as received from others.")
    var valuesOnly = false

    @Flag(help: "Accept selected or combined lines of JSON or CSV, which have no closing line.")
    var unsealed = false

    @Option(help: ArgumentHelp("Refuse a dump without this node's signature.", valueName: "mid"))
    var signedBy: String?

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        if let signedBy, Mid(hex: signedBy) == nil { throw ValidationError("A mid is 40 hexadecimal digits.") }
    }

    mutating func run() async throws {
        let options = ImportOptions(
            valuesOnly: valuesOnly, unsealed: unsealed, signedBy: signedBy.flatMap { Mid(hex: $0) })
        let report = try await importDump(options)
        try client.show(report) { report.text(on: $0, dump: dump) }
        if report.isFull {
            throw CommandFailure(
                message:
                    "The archive or its disk is full: make room, then repeat the import, which takes what is missing.")
        }
        if !report.isComplete { throw ExitCode.failure }
    }

    private func importDump(_ options: ImportOptions) async throws -> ImportReport {
        let client = APIClient(dataFolder: client.folder)
        var progress = ProgressLine()
        defer { progress.end() }
        func show(_ report: ProgressReport) {
            let isItems = report.unit == "items"
            func text(_ count: Int) -> String { isItems ? "\(count)" : Words.space(count) }
            progress.show(
                "\(report.step): \(text(report.done)) of \(text(report.total ?? report.done))\(isItems ? " items" : "")"
            )
        }
        guard dump != "-" else { return try await client.importDump(from: STDIN_FILENO, options, report: show) }
        let file = try ImportCommand.open(dump)
        return try await client.importDump(from: file.descriptor, options, report: show)
    }

    private static func open(_ path: String) throws(CommandFailure) -> OpenFile {
        do throws(Errno) {
            let file = try OpenFile(path, flags: O_RDONLY)
            guard try !file.status().isFolder else { throw Errno.isDirectory }
            return file
        } catch {
            throw CommandFailure(message: "\(SafeText.line(path)) cannot be read (\(error)): name a dump.")
        }
    }
}

extension ImportReport {
    /// The report for people.
    ///
    /// - Parameter dump: the file as it was typed.
    func text(on terminal: Terminal, dump: String) -> String {
        var lines = refusals.prefix(ImportText.refusalsShownMax).map { item in
            ImportText.refusal(
                kind: item.kind, key: item.key, id: item.id, version: item.version, reason: item.reason, on: terminal)
        }
        if refusals.count > lines.count { lines.append(terminal.faint("… and more: bristlecone import --json")) }
        lines.append(
            "\(terminal.good("Imported")) \(SafeText.line(dump)): \(Words.count(items, "item")) in \(Words.time(duration))"
        )
        if let gaps { lines.append("The dump \(gaps)") }
        var table = TextTable()
        if let increment {
            table.addChanges(
                from: increment.from, to: increment.change, of: increment.archive, put: increment.put,
                removed: increment.removed, forgotten: increment.forgotten)
        } else {
            table.addItems(
                resumedAt: resumedAt, taken: taken, held: held, superseded: superseded, conflicting: conflicting,
                leftOut: leftOut, erased: erased, refused: refused)
        }
        table.add("root", root)
        if let signedBy { table.add("signed by", signedBy) }
        return (lines + table.lines()).joined(separator: "\n")
    }
}
