internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI
internal import IPv8

/// `bristlecone pin add`, `list` and `remove`
struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Keep all values of keys or signers for good.",
        discussion: """
            Retention settings and budgets never remove a pinned value. You can pin a key before it has values: later \
            ones are kept too.

            For example:

              bristlecone pin add greeting
              bristlecone pin add signer:0123456789abcdef0123456789abcdef01234567
              bristlecone pin add --from keys.txt
              bristlecone pin list
            """,
        subcommands: [PinAddCommand.self, PinListCommand.self, PinRemoveCommand.self])
}

/// `bristlecone pin add KEY|SIGNER`
struct PinAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Pin keys and signers.",
        discussion: """
            For example:

              bristlecone pin add greeting
              bristlecone pin add --from keys.txt
            """)

    @OptionGroup var argument: SubjectArguments
    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let subjects = try argument.subjects()
        let report = try await client.change(Operations.changePins, adding: subjects)
        try client.show(report) { report.added(subjects, "Pinned", "Already pinned", on: $0) }
    }
}

/// `bristlecone pin remove KEY|SIGNER`
struct PinRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Unpin keys and signers, so that their values are retained like any others.",
        discussion: """
            The exit status is 1 if none of them was pinned.

            For example:

              bristlecone pin remove greeting
            """)

    @OptionGroup var argument: SubjectArguments
    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let subjects = try argument.subjects()
        let report = try await client.change(Operations.changePins, removing: subjects)
        guard report.removed > 0 else {
            throw CommandFailure(message: "This was not pinned: \"bristlecone pin list\" shows the pins.")
        }
        try client.show(report) { report.removed(subjects, "Unpinned", "not pinned", on: $0) }
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
              bristlecone pin list --keys-of 0123456789abcdef0123456789abcdef01234567
            """)

    @Option(
        help: ArgumentHelp(
            "List the keys under which this signer has values, instead of the pins.", valueName: "signer"),
        transform: Arguments.signer)
    var keysOf: Mid?

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let pins = try await client.all { (cursor) in
            try await client.call(Operations.pins, PinsParameters(cursor: cursor, limit: 1000, signer: keysOf))
        }
        try client.show(Page(items: pins)) { terminal in
            guard !pins.isEmpty else { return keysOf == nil ? "Nothing is pinned." : "This signer has no values here." }
            let names = pins.map { $0.subject.text(on: terminal) }
            return (names + PinListCommand.replicaLines(pins, on: terminal)).joined(separator: "\n")
        }
    }

    /// How many copies there are of each pinned key, as a table.
    private static func replicaLines(_ pins: [PinReport], on terminal: Terminal) -> [String] {
        let keys = pins.compactMap(\.replicas)
        guard !keys.isEmpty else { return [] }
        var table = TextTable()
        table.add("key", "last looked for", "found on", "stored on")
        for key in keys {
            let found = key.lookedAt == nil ? "-" : "\(key.found) of \(key.answered) nodes"
            table.add(
                terminal.digits(key.key), key.lookedAt.map(Words.moment) ?? "not yet", found,
                Words.count(key.holders, "node"))
        }
        return ["", terminal.strong("In the DHT")] + table.lines()
    }
}

extension PinReport {
    fileprivate var subject: KeepSubject {
        switch (key, signer) {
        case (let key?, _): .key(key)
        case (nil, let signer): .signer(signer ?? Mid(bits: .zero))
        }
    }
}
