internal import Archive
internal import ArgumentParser
internal import Console
internal import Glibc
internal import IPv8

/// The forms in which an archive is exported.
enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
    case dump, jsonl, csv
}

/// `bristlecone-dump export`
struct ExportCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Export everything that an archive keeps, as a dump, as lines of JSON, or as CSV.",
        discussion: """
            An export has the values with all their details, earlier versions, floors, evidence, pins, publications \
            and blocks. It has no key of the node, no token secrets and no journal. The same state of an archive always \
            gives the same bytes. A dump has checksums and the root of a Merkle tree, which the command prints; \
            docs/dump-format.md describes it. Lines of JSON and CSV have the same contents, one item per line.

            With --after-change the export is an increment: what changed after that change of the archive, and what is \
            gone since. It reads the changed records and no others. The command prints the change with which the export \
            ends; name it the next time. A copy that imports a whole dump and then all increments has what the archive has.

            Beside a running node, the command first copies one state to $TMPDIR, but not for an increment. The exit status is 1 if damaged \
            records had to be left out.

            For example:

              bristlecone-dump export ./data --output archive.dump
              bristlecone-dump export ./data --after-change 4711 --output increment.dump
              bristlecone-dump export ./data --since 2026-02-01 --output february.dump
              bristlecone-dump export ./data --format jsonl --prefix 0a | zstd > 0a.jsonl.zst
            """)

    @OptionGroup var options: DumpOptions

    @Option(help: "The format of the export.")
    var format = ExportFormat.dump

    @Option(
        name: .shortAndLong,
        help: "The file, pipe, device or socket to write to; - is standard output.")
    var output = "-"

    @Option(
        help: ArgumentHelp(
            "Only what changed since then: \(MomentArgument.form).", valueName: "date"),
        transform: { text in
            guard let argument = MomentArgument(argument: text) else {
                throw ValidationError("Write a date as \(MomentArgument.form).")
            }
            return argument.instant
        })
    var since: Instant?

    @Option(help: ArgumentHelp("An increment: only what changed or went after this change.", valueName: "number"))
    var afterChange: UInt64?

    @Option(help: ArgumentHelp("Only keys that begin with these hexadecimal digits.", valueName: "digits"))
    var prefix = ""

    @Flag(help: "Sign the root of the dump with the node's key (identity.key in the folder).")
    var sign = false

    mutating func validate() throws {
        prefix = prefix.lowercased()
        guard DumpHeader.isPrefix(prefix) else { throw ValidationError("A prefix has up to 40 hexadecimal digits.") }
        if afterChange != nil, since != nil || !prefix.isEmpty {
            throw ValidationError(
                "An increment is exact only for all keys: remove --since and --prefix, or --after-change.")
        }
        if sign, format != .dump { throw ValidationError("Only a dump can be signed: remove --format or --sign.") }
        if format == .dump, output == "-", isatty(STDOUT_FILENO) == 1 {
            throw ValidationError(
                "A dump is binary and does not go to a terminal: name a file with --output, or choose a --format.")
        }
    }

    mutating func run() throws {
        let begun = ContinuousClock.now
        let key = sign ? try identity() : nil
        let reader = try afterChange == nil ? options.openAtRest() : ArchiveReader.open(folder: options.folder)
        let file = try OutputFile(output, readingFrom: options.folder)
        if format == .dump, file.isTerminal {
            throw DumpFailure(
                message:
                    "A dump is binary and does not go to a terminal: name a file with --output, or choose a --format.",
                status: DumpFailure.usage)
        }
        var summary: ExportSummary
        var damaged: [DamagedRecord]
        do {
            let written = try write(reader, to: file, signedBy: key)
            damaged = written.damaged
            try file.finish()
            summary = ExportSummary(
                folder: options.folder, output: output, written, bytes: file.byteCount)
        } catch {
            file.abandon()
            throw error
        }
        summary.seconds = Double((ContinuousClock.now - begun).nanoseconds) / 1e9
        try tell(summary, damaged, isBeside: file.isStandardOutput)
    }

    private func write(_ reader: ArchiveReader, to file: OutputFile, signedBy key: PrivateKey?) throws -> WrittenExport
    {
        if let afterChange {
            var export: Export?
            let damaged = try reader.increment(after: afterChange) { header in
                export = try Export(file, format, header)
            } _: { item in
                try export?.take(item)
            }
            guard var export else { throw ArchiveError.noArchive(folder: options.folder) }
            let seal = try export.finish(signedBy: key, leftOut: damaged.count)
            return WrittenExport(
                header: export.header, seal: seal, counts: export.counts, damaged: damaged, damagedCount: damaged.count)
        }
        let header = DumpHeader(since: since, prefix: prefix, origin: try reader.origin())
        var source = try ItemSource(reader, header)
        if let reach = source.importsKnownSince {
            Output.complain(
                "the journal begins on \(Words.moment(reach)): what an import brought before that is missing, unless its own "
                    + "times say that it is new")
        }
        var export = try Export(file, format, header)
        try export.takeAll(&source)
        // Nobody can count the records that damaged pages hide, but nobody should take the dump for whole either.
        let seal = try export.finish(signedBy: key, leftOut: source.damagedCount + Shortfall.count)
        return WrittenExport(
            header: header, seal: seal, counts: export.counts, damaged: source.damaged,
            damagedCount: source.damagedCount)
    }

    private func identity() throws -> PrivateKey {
        let path = options.folder + "/identity.key"
        let bytes = try InputFile.open(path).read(1024)
        guard let key = try? PrivateKey(bytes: bytes) else {
            throw FileFailure(path, "is not a private key: export without --sign, or restore the key from a backup.")
        }
        return key
    }

    /// On standard error if the export itself goes to standard output.
    private func tell(_ summary: ExportSummary, _ damaged: [DamagedRecord], isBeside: Bool) throws {
        for record in damaged.prefix(50) {
            Output.complain("left out: \(record.table) \(Hex.encode(record.key)) is damaged")
        }
        if isBeside {
            Output.complainLines(options.json ? try JSONText.encode(summary) : summary.text())
        } else {
            try options.show(summary) { _ in summary.text() }
        }
        if summary.damaged > 0 { throw ExitCode(DumpFailure.found) }
    }
}

/// What became of an export, for its report.
struct WrittenExport {
    var header: DumpHeader
    var seal: DumpSeal
    /// How many items there are of each kind.
    var counts: [String: Int]
    /// The records that were left out, or the first thousand of them.
    var damaged: [DamagedRecord]
    var damagedCount: Int
}

/// Writes items in one of the forms.
struct Export {
    private let file: OutputFile
    let header: DumpHeader
    private let rowFormat: RowFormat?
    private var writer: DumpWriter?
    private var tree = MerkleRoot()
    private var progress = ProgressLine()
    /// How many items there are of each kind.
    private(set) var counts: [String: Int] = [:]
    private var count = 0

    /// What items are counted as that are gone.
    static let gone = "gone"

    init(_ file: OutputFile, _ format: ExportFormat, _ header: DumpHeader) throws {
        self.file = file
        self.header = header
        rowFormat = RowFormat(rawValue: format.rawValue)
        if let rowFormat {
            tree.add(tree.hash(ofLeaf: header.leaf))
            try file.write((rowFormat.heading + rowFormat.line(DumpRow(header))).utf8)
        } else {
            writer = try DumpWriter(header) { try file.write($0) }
        }
    }

    mutating func takeAll(_ source: inout ItemSource) throws {
        let total = source.recordCount ?? 0
        while let item = try source.next() {
            try take(item)
            if count.isMultiple(of: 4096) {
                let rate = Int(Double(count) / (Double(progress.elapsed.nanoseconds) / 1e9))
                progress.show("\(item.kind.name): \(count) of \(total) records, \(rate) a second")
            }
        }
        progress.end()
    }

    mutating func take(_ item: DumpItem) throws {
        counts[item.state == .present ? item.kind.name : Export.gone, default: 0] += 1
        count += 1
        guard let rowFormat else {
            try writer?.add(item)
            return
        }
        guard let row = DumpRow(item) else {
            throw DumpFailure(
                message: "A \(item.kind.name) under \(Target(bits: item.target)) contradicts itself: run "
                    + "\"bristlecone-dump verify --repair\" first, or export a dump.",
                status: DumpFailure.cannotRead)
        }
        tree.add(tree.hash(ofLeaf: item.bytes))
        try file.write(rowFormat.line(row).utf8)
    }

    mutating func finish(signedBy key: PrivateKey?, leftOut: Int) throws -> DumpSeal {
        if let seal = try writer?.finish(signedBy: key, leftOut: leftOut) { return seal }
        let seal = DumpSeal(closing: &tree, of: header, leftOut: leftOut)
        try file.write((rowFormat ?? .jsonl).line(DumpRow(seal)).utf8)
        return seal
    }
}

/// The result of `export`; its JSON has the same names, in snake case.
struct ExportSummary: Encodable {
    var folder: String
    var output: String
    var root: String
    var leaves: Int
    var signedBy: String?
    /// The archive, and the change with which the export ends.
    var archive: String
    var change: UInt64
    /// The change after which an increment begins.
    var from: UInt64?
    /// By kind; those that are gone under `gone`.
    var items: [String: Int]
    var bytes: Int
    /// Records that were left out because they are damaged.
    var damaged: Int
    var seconds = 0.0

    init(folder: String, output: String, _ written: WrittenExport, bytes: Int) {
        (self.folder, self.output, self.bytes) = (folder, output, bytes)
        (items, damaged) = (written.counts, written.damagedCount)
        (root, leaves) = (written.seal.root.description, written.seal.leaves)
        signedBy = written.seal.signature?.signer.mid.description
        archive = written.header.origin?.archive ?? ""
        change = written.header.origin?.change ?? 0
        from = written.header.start?.change
    }

    private enum CodingKeys: CodingKey {
        case folder, output, root, leaves, signedBy, archive, change, from, items, bytes, damaged, seconds
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(folder, forKey: .folder)
        try container.encode(output, forKey: .output)
        try container.encode(root, forKey: .root)
        try container.encode(leaves, forKey: .leaves)
        try container.encode(signedBy, forKey: .signedBy)
        try container.encode(archive, forKey: .archive)
        try container.encode(change, forKey: .change)
        try container.encode(from, forKey: .from)
        try container.encode(items, forKey: .items)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(damaged, forKey: .damaged)
        try container.encode(seconds, forKey: .seconds)
    }

    private var state: String {
        guard let from else { return "change \(change) of archive \(archive)" }
        return "changes after \(from), up to change \(change) of archive \(archive)"
    }

    func text() -> String {
        let all = items.values.reduce(0, +)
        var table = TextTable()
        for kind in DumpItem.Kind.allCases where items[kind.name, default: 0] > 0 {
            table.add(kind.name, "\(items[kind.name, default: 0])")
        }
        if let gone = items[Export.gone] { table.add(Export.gone, "\(gone)") }
        if damaged > 0 { table.add("left out", Words.count(damaged, "damaged record")) }
        table.add("state", state)
        table.add("root", root)
        if let signedBy { table.add("signed by", signedBy) }
        let place = output == "-" ? "" : " to \(SafeText.line(output))"
        let head =
            "Exported \(Words.count(all, "item"))\(place): \(Words.space(bytes)) in \(Words.time(.seconds(seconds)))"
        return ([head] + table.lines()).joined(separator: "\n")
    }
}
