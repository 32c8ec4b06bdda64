internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import IPv8

/// `bristlecone plan`
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Tell what is to be stored in the DHT again, how long that takes, and whether it can be done.",
        discussion: """
            Peers forget a value an hour after it was last stored, so the node stores again what it published and \
            pinned, and for a while what others did. Each peer takes one request a second of it at most: with few peers \
            and many keys there is a limit to what can be kept alive.

            For example:

              bristlecone plan
            """)

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        guard case .plan(let report) = try client.ask(.plan, timeout: .seconds(60)) else {
            throw ClientOptions.mixedUp
        }
        try client.show(report) { $0.strong("Upkeep: \(report.phase)") + "\n" + report.text(on: $0) }
    }
}

extension PlanReport {
    /// The plan for people.
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        table.add("kept alive", Words.count(keptKeys, "key"))
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
