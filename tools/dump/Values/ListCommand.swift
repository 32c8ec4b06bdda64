internal import Archive
internal import ArgumentParser
internal import Console
internal import IPv8

extension ValueOrder: ExpressibleByArgument {}

/// `bristlecone-dump list`
struct ListCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List values, one per line.",
        discussion: """
            In key order the first lines appear immediately, however large the archive is, and memory does not grow \
            with the list. The index makes any other order. Expired values are listed until they leave the archive; \
            --served leaves them out.

            For example:

              bristlecone-dump list --limit 20 ./data
              bristlecone-dump list --prefix aaf4 --signed ./data
              bristlecone-dump list --sort first-seen --reverse --limit 10 ./data
              bristlecone-dump list --signer 2db9c2a1d2b5f6fd7a1ec2f2e7b5cd0a3f4c6d19 --as-of 2026-03-01 ./data
              bristlecone-dump list --json ./data | jq -r .key | sort -u
            """)

    @OptionGroup(title: "Filters") var filters: FilterOptions

    @Option(help: ArgumentHelp("The order of the list.", valueName: "order"))
    var sort = ValueOrder.key

    @Flag(help: "Reverse the order.")
    var reverse = false

    @OptionGroup var length: LimitOption

    @OptionGroup var options: DumpOptions

    mutating func validate() throws {
        if filters.asOf != nil, sort != .key || reverse {
            throw ValidationError(
                "With --as-of the list is in key order: remove --sort and --reverse.")
        }
    }

    mutating func run() throws {
        let now = DumpOptions.now
        let reader = try options.open(readsAll: length.limit == nil)
        var rows = ValueRows(output: options.output, now: filters.asOf?.instant ?? now, limit: length.limit)
        let damaged =
            try usesIndex(reader)
            ? try listByIndex(reader, &rows, at: now) : try listByKey(reader, &rows, at: now)
        try rows.end(nothing: "No value in \(options.folder) matches.")
        if damaged > 0 {
            Shortfall.tell("\(Words.count(damaged, "record")) that may match cannot be read", in: options.folder)
        }
    }

    /// Any order but that of keys needs the index; for a signer's values it saves reading everything else.
    private func usesIndex(_ reader: ArchiveReader) throws -> Bool {
        let isNeeded = sort != .key || reverse
        guard isNeeded || (filters.signer != nil && filters.asOf == nil) else { return false }
        switch try reader.indexState() {
        case .current: return true
        case .behind(let count):
            if isNeeded {
                Output.complain(
                    "bristlecone-dump: The index is \(Words.count(count, "change")) behind, so newer values are missing; "
                        + "a running node updates it.")
            }
            return isNeeded
        case .unusable(let reason):
            guard isNeeded else { return false }
            throw DumpFailure(
                message:
                    "This order needs the index, which cannot be used (\(reason)): remove --sort and --reverse.",
                status: DumpFailure.cannotRead)
        }
    }

    /// Returns how many damaged records were come upon.
    private func listByIndex(_ reader: ArchiveReader, _ rows: inout ValueRows, at now: Instant) throws -> Int {
        var walk = try ProgressLine.during({ "Sorting values, \(Words.age($0))" }) { () throws(ArchiveError) in
            try SortedWalk(reader, filters.filter, by: sort, descending: reverse, limit: length.limit, at: now)
        }
        while !walk.isAtEnd, !rows.isFull { try rows.add(try walk.next()) }
        return walk.damagedCount
    }

    /// Returns how many damaged records were come upon.
    private func listByKey(_ reader: ArchiveReader, _ rows: inout ValueRows, at now: Instant) throws -> Int {
        var walk = ValueWalk(reader, filters.filter, at: now)
        while !walk.isAtEnd, !rows.isFull {
            try rows.add(try walk.next(atMost: rows.room))
            rows.tell(examined: walk.examined)
        }
        return walk.damagedCount
    }
}

/// The rows of a list of values, written as they come.
struct ValueRows {
    private var progress = ProgressLine()
    private let output: OutputOptions
    private let now: Instant
    private let limit: Int
    private let terminal = OutputOptions.terminal
    private let table: ColumnTable
    private var writer = RowWriter()
    private(set) var count = 0

    init(output: OutputOptions, now: Instant, limit: Int?) {
        self.output = output
        self.now = now
        self.limit = limit ?? .max
        table = ColumnTable(ArchivedValue.columns(on: terminal), on: terminal)
    }

    var room: Int { limit - count }
    var isFull: Bool { count >= limit }

    mutating func add(_ values: [ArchivedValue]) throws(DumpFailure) {
        guard !values.isEmpty, !isFull else { return }
        progress.end()
        if count == 0, !output.json { try writer.add(table.header) }
        for value in values.prefix(room) {
            try writer.add(
                output.json ? value.json(at: now).text : table.row(value.cells(on: terminal, at: now)))
            count += 1
        }
        try writer.flush()
    }

    /// Tells how far the walk is while nothing is found.
    mutating func tell(examined: Int) {
        let listed = count
        progress.show("\(examined) records read, \(listed) listed")
    }

    /// Reports an empty list.
    mutating func end(nothing: String) throws(DumpFailure) {
        progress.end()
        try writer.flush()
        if count == 0 { Output.complain("bristlecone-dump: \(nothing)") }
    }
}
