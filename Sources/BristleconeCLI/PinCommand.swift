internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI
internal import IPv8

/// `bristlecone pin add`, `list` and `remove`
struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Keep all values of a key or a signer for good.",
        discussion: """
            Retention settings and budgets never remove a pinned value. You can pin a key before it has values: later \
            ones are kept too.

            For example:

              bristlecone pin add greeting
              bristlecone pin add --signer 0123456789abcdef0123456789abcdef01234567
              bristlecone pin list
            """,
        subcommands: [PinAddCommand.self, PinListCommand.self, PinRemoveCommand.self])
}

/// `bristlecone pin add KEY|SIGNER`
struct PinAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Pin a key or a signer.",
        discussion: """
            For example:

              bristlecone pin add greeting
            """)

    @OptionGroup var argument: SubjectArgument
    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let subject = try argument.subject()
        let report = try await client.call(Operations.changePins, PinChange(add: [subject]))
        try client.show(report) { terminal in
            "\(report.added > 0 ? terminal.good("Pinned") : "Already pinned"): \(subject.text(on: terminal))"
        }
    }
}

/// `bristlecone pin remove KEY|SIGNER`
struct PinRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Unpin a key or a signer, so that its values are retained like any others.",
        discussion: """
            The exit status is 1 if it was not pinned.

            For example:

              bristlecone pin remove greeting
            """)

    @OptionGroup var argument: SubjectArgument
    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let subject = try argument.subject()
        let report = try await client.call(Operations.changePins, PinChange(remove: [subject]))
        guard report.removed > 0 else {
            throw CommandFailure(message: "This was not pinned: \"bristlecone pin list\" shows the pins.")
        }
        try client.show(report) { terminal in "\(terminal.good("Unpinned")): \(subject.text(on: terminal))" }
    }
}

/// `bristlecone pin list`
struct PinListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the pins, and how many nodes have a replica of each pinned key.",
        discussion: """
            For example:

              bristlecone pin list --json
            """)

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let report = try await client.call(Operations.pins)
        try client.show(report) { terminal in
            guard !report.pins.isEmpty else { return "Nothing is pinned." }
            let pins = report.pins.map { $0.text(on: terminal) }
            return (pins + report.healthLines(on: terminal)).joined(separator: "\n")
        }
    }
}

extension PinsReport {
    /// How many copies there are of each pinned key, as a table.
    fileprivate func healthLines(on terminal: Terminal) -> [String] {
        guard !health.isEmpty else { return [] }
        var table = TextTable()
        table.add("key", "last looked for", "found on", "stored on")
        for key in health {
            let found = key.lookedAt == nil ? "-" : "\(key.found) of \(key.answered) nodes"
            table.add(
                terminal.digits(key.key), key.lookedAt.map(Words.moment) ?? "not yet", found,
                Words.count(key.holders, "node"))
        }
        return ["", terminal.strong("In the DHT")] + table.lines()
    }
}
