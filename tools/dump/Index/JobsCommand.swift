internal import Archive
internal import ArgumentParser
internal import Console
internal import IPv8
internal import Maintenance

/// `bristlecone-dump jobs`
struct JobsCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "List the node's tasks and when they are due: recurring ones first, then values to be republished.",
        discussion: """
            Shows the tasks as the node last saved them. Values come in the order in which they are due. The node also \
            looks for pinned values in the DHT, and republishes them for as long as they are pinned.

            For example:

              bristlecone-dump jobs --limit 20 ./data
            """)

    @OptionGroup var length: LimitOption

    @OptionGroup var options: DumpOptions

    mutating func run() throws {
        let now = DumpOptions.now
        let reader = try options.open()
        let terminal = OutputOptions.terminal
        let table = ColumnTable(Due.columns(on: terminal), on: terminal)
        var writer = RowWriter()
        func add(_ due: Due) throws(DumpFailure) {
            if writer.count == 0, !options.json { try writer.add(table.header) }
            try writer.add(options.json ? due.json.text : table.row(due.cells(on: terminal, at: now)))
        }
        for job in try reader.jobs() { try add(.job(job)) }
        var walk = try DueWalk(reader, limit: length.limit)
        while !walk.isAtEnd {
            for value in try walk.next() { try add(.value(value)) }
            try writer.flush()
        }
        if writer.count == 0 { Output.complain("bristlecone-dump: There is nothing to do in \(options.folder).") }
    }
}

/// Something to be done.
private enum Due {
    case job(JobReport)
    case value(DueValue)

    static func columns(on terminal: Terminal) -> [ColumnTable.Column] {
        [
            .init("due", terminal.momentWidth), .init("what", max(16, terminal.digitsWidth(40))),
            .init("last done", terminal.momentWidth), .init("result", 0),
        ]
    }

    func cells(on terminal: Terminal, at now: Instant) -> [ColumnTable.Cell] {
        let moment = terminal.column(due, at: now)
        return [
            due <= now ? .bad(moment) : .init(moment), .strong(name(on: terminal)),
            lastDone.map { .init(terminal.column($0, at: now)) } ?? .faint("never"), .init(result ?? "-"),
        ]
    }

    var json: JSON {
        switch self {
        case .job(let job):
            .object([
                "kind": .string("job"), "due_at": .string(Words.moment(due)), "name": .string(job.name), "key": .null,
                "class": .null, "id": .null, "last_at": JSON(lastDone.map(Words.moment)), "last_result": JSON(result),
                "retry_at": .null, "attempts": .null, "acknowledged": .null, "holders": .array([]),
                "budget": .string(job.budget),
            ])
        case .value(let value):
            .object([
                "kind": .string("republish"), "due_at": .string(Words.moment(due)), "name": .null,
                "key": .string(value.target.description), "class": .string(value.entryClass.name),
                "id": .string(value.id.description), "last_at": JSON(lastDone.map(Words.moment)),
                "last_result": JSON(value.state?.lastOutcome?.rawValue),
                "retry_at": JSON(value.state?.retryAt.map(Words.moment)), "attempts": JSON(value.state?.attempts),
                "acknowledged": JSON(value.state?.acknowledged),
                "holders": .array((value.state?.holders ?? []).map { .string($0) }), "budget": .null,
            ])
        }
    }

    private var due: Instant {
        switch self {
        case .job(let job): job.due
        case .value(let value): max(value.due, value.state?.retryAt ?? value.due)
        }
    }

    private func name(on terminal: Terminal) -> String {
        switch self {
        case .job(let job): job.name
        case .value(let value): terminal.digits(value.target)
        }
    }

    private var lastDone: Instant? {
        switch self {
        case .job(let job): job.lastRun
        case .value(let value): value.state?.lastAttempt
        }
    }

    private var result: String? {
        switch self {
        case .job(let job): return job.lastResult
        case .value(let value):
            guard let state = value.state, let outcome = state.lastOutcome else { return nil }
            switch outcome {
            case .stored: return "\(Words.count(state.acknowledged, "node")) acknowledged"
            case .unanswered: return "nobody acknowledged, \(Words.count(state.attempts, "time"))"
            case .othersCloser: return "enough other nodes are closer"
            }
        }
    }
}
