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

extension ClientOptions {
    /// Adds or removes pins or blocks, in as many requests as it takes.
    func change(
        _ operation: Operation<Nothing, SubjectChange, SubjectChangeReport>, adding: [KeepSubject] = [],
        removing: [KeepSubject] = []
    ) async throws -> SubjectChangeReport {
        var total = SubjectChangeReport(added: 0, removed: 0, unchanged: 0)
        try await Parts.forEach(of: adding + removing) { part in
            let change = adding.isEmpty ? SubjectChange(remove: Array(part)) : SubjectChange(add: Array(part))
            let report = try await call(operation, change)
            total.added += report.added
            total.removed += report.removed
            total.unchanged += report.unchanged
        }
        return total
    }

    /// All parts of a listing.
    func all<Item>(_ part: (Cursor?) async throws -> Page<Item>) async throws -> [Item] {
        var items: [Item] = []
        var cursor: Cursor?
        repeat {
            let page = try await part(cursor)
            items += page.items
            cursor = page.next.flatMap { Cursor($0) }
        } while cursor != nil
        return items
    }
}

extension SubjectChangeReport {
    /// What adding came to, for people.
    func added(_ subjects: [KeepSubject], _ verb: String, _ already: String, on terminal: Terminal) -> String {
        let names = subjects.text(on: terminal)
        guard subjects.count > 1 else { return "\(added > 0 ? terminal.good(verb) : already): \(names)" }
        return "\(terminal.good(verb)): \(names), \(added) of them new."
    }

    /// What removing came to, for people.
    func removed(_ subjects: [KeepSubject], _ verb: String, _ otherwise: String, on terminal: Terminal) -> String {
        let names = subjects.text(on: terminal)
        let rest = unchanged > 0 ? "; \(unchanged) were \(otherwise)" : ""
        return "\(terminal.good(verb)): \(subjects.count == 1 ? names : "\(removed) of \(names)\(rest).")"
    }
}
