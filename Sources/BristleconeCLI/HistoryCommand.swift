internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI
internal import IPv8
internal import Platform

/// `bristlecone history`
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show what happened in the running node: events, and the main figures over time.",
        discussion: """
            The node keeps figures for each minute of two days and for each hour of ten years, and the last thousand events of \
            each kind, also through restarts.

            For example:

              bristlecone history
              bristlecone history --from 2026-02-03T00:00:00Z --to 2026-02-03T06:00:00Z
              bristlecone history --minutes --json
            """)

    @Option(
        help: ArgumentHelp("From when on, in UTC (default: a day before the end).", valueName: "time"),
        transform: Arguments.instant)
    var from: Instant?

    @Option(
        help: ArgumentHelp("Until when, in UTC (default: now).", valueName: "time"), transform: Arguments.instant)
    var to: Instant?

    @Flag(help: "Show each minute instead of each hour.")
    var minutes = false

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        if let from, let to, from >= to { throw ValidationError("--from must be before --to.") }
    }

    private struct Answer: Encodable {
        let events: [NotableEvent]
        let samples: [HistorySample]
    }

    mutating func run() async throws {
        let (from, to) = (from, to)
        let parameters = HistoryParameters(from: from, to: to, resolution: minutes ? .minute : .hour)
        let samples = try await client.call(Operations.history, parameters)
        let recent = try await client.call(Operations.events, EventsParameters(limit: 1000))
        let last = to ?? Instant(nanoseconds: .max)
        let first = from ?? (to ?? Instant(sinceEpoch: SystemClock.sinceEpoch)) + .seconds(-86_400)
        let events = recent.filter { first <= $0.at && $0.at < last }.reversed()
        try client.show(Answer(events: Array(events), samples: samples)) { terminal in
            HistoryText(events: Array(events), samples: samples).text(on: terminal)
        }
    }
}

/// Events and figures for people.
private struct HistoryText {
    let events: [NotableEvent]
    let samples: [HistorySample]

    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        for event in events { table.add(Words.moment(event.at), event.message) }
        let eventLines = table.lines()
        let noFigures = "  none from then; the node notes them once a minute, and keeps minutes for two days"
        var figures = TextTable()
        if !samples.isEmpty {
            figures.add("since", "contacts", "values", "stored", "received", "sent", "lookups", "republished", "late")
        }
        for sample in samples {
            func figure(_ name: String) -> String { sample.figures[name].map(String.init) ?? "-" }
            figures.add(
                Words.moment(sample.at), figure("contacts"), figure("archived_values"), figure("changes"),
                figure("datagrams_received"), figure("datagrams_sent"), figure("lookups"), figure("republished_keys"),
                figure("late_keys"))
        }
        return
            ([terminal.strong("Events")] + (eventLines.isEmpty ? ["  none"] : eventLines) + [
                "", terminal.strong("Figures"),
            ]
            + (samples.isEmpty ? [noFigures] : figures.lines()))
            .joined(separator: "\n")
    }
}
