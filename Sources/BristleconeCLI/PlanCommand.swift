internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI
internal import IPv8

/// `bristlecone plan`
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what is due to be republished, how long that takes, and whether the node keeps up.",
        discussion: """
            Peers drop a value an hour after the last store, so the node republishes your published and pinned values, \
            and other people's values for a while. Each peer accepts at most one of these requests a second: with few \
            peers and many keys, the node cannot keep all of them alive.

            For example:

              bristlecone plan
            """)

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let report = try await client.call(Operations.plan)
        try client.show(report) { $0.strong("Republishing: \(report.phase)") + "\n" + report.text(on: $0) }
    }
}

extension PlanReport {
    /// The plan for people.
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        table.add("to republish", Words.count(keptKeys, "key"))
        table.add("due now", Words.count(dueKeys, "key"))
        if let nextDue { table.add("next due", Words.moment(nextDue)) }
        table.add("nodes to store on", nodes == 0 ? "none known yet" : "about \(nodes)")
        if let duration, dueKeys > 0 {
            table.add("takes", "\(Words.count(packets, "packet")), \(Words.age(duration))")
        }
        if keysBeyondCapacity > 0, nodes > 0 {
            table.add(
                "beyond capacity",
                terminal.bad("\(Words.count(keysBeyondCapacity, "key")) cannot be stored every \(Words.age(interval))"))
        }
        return table.lines().joined(separator: "\n")
    }
}
