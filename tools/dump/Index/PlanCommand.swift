internal import Archive
internal import ArgumentParser
internal import Console
internal import IPv8
internal import Maintenance

/// `bristlecone-dump plan`
struct PlanCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what republishing would do if the node started now, and how long it would take.",
        discussion: """
            Counts the keys whose values are due to be republished, and estimates the traffic from the saved contacts. \
            "bristlecone plan" asks a running node.

            For example:

              bristlecone-dump plan ./data
            """)

    @Option(
        help: ArgumentHelp(
            "Requests per second for republishing (upkeep.packets_per_second).", valueName: "count"))
    var packetsPerSecond = RepublishLimits().packetsPerSecond

    @OptionGroup var options: DumpOptions

    mutating func validate() throws {
        if packetsPerSecond < 1 { throw ValidationError("--packets-per-second must be at least 1.") }
    }

    mutating func run() throws {
        let now = DumpOptions.now
        let reader = try options.open()
        let due = try reader.dueSummary(at: now)
        var limits = RepublishLimits()
        limits.packetsPerSecond = packetsPerSecond
        let forecast = Forecast(
            DueKeys(total: due.due, kept: due.kept), nodes: try reader.contacts().count,
            interval: due.interval ?? PlanCommand.intervalByDefault, limits: limits)
        try options.output.show(json(due, forecast)) { text(due, forecast, on: $0, at: now) }
    }

    private static let intervalByDefault: Duration = .seconds(45 * 60)

    private func json(_ due: DueSummary, _ forecast: Forecast) -> JSON {
        .object([
            "due_keys": JSON(due.due), "kept_keys": JSON(due.kept), "pins": JSON(due.pins),
            "next_due": JSON(due.next.map(Words.moment)), "nodes": JSON(forecast.nodes),
            "packets": JSON(forecast.packets), "keys_per_second": .number(forecast.keysPerSecond),
            "seconds": forecast.duration.map { .number(Double($0.nanoseconds) / 1e9) } ?? .null,
            "keys_beyond_capacity": JSON(forecast.keysBeyondCapacity),
        ])
    }

    private func text(_ due: DueSummary, _ forecast: Forecast, on terminal: Terminal, at now: Instant) -> String {
        var table = TextTable()
        table.add("due now", Words.count(due.due, "key"))
        table.add(
            "stored again", "\(Words.count(due.kept, "key")) sooner or later, and \(Words.count(due.pins, "pin"))")
        table.add("next due", due.next.map { Words.moment($0, at: now) } ?? "none")
        table.add("contacts", "\(Words.count(forecast.nodes, "node")) written down")
        table.add("traffic", "about \(Words.count(forecast.packets, "packet"))")
        table.add(
            "takes",
            forecast.duration.map { "about \(Words.age($0))" } ?? terminal.bad("no node to store on is known"))
        if forecast.keysBeyondCapacity > 0, forecast.duration != nil {
            table.add(
                "too much",
                terminal.bad("\(Words.count(forecast.keysBeyondCapacity, "key")) too many to republish in time"))
        }
        return ([terminal.strong("Republishing, if the node started now")] + table.lines()).joined(separator: "\n")
    }
}
