internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI

/// `bristlecone block add`, `list` and `remove`
struct BlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "block",
        abstract: "Refuse all values of keys or signers.",
        discussion: """
            The node stores no values of a blocked key or signer. Values that it has already stay: to erase them too, \
            use "bristlecone forget --block". To refuse everything that an address sends, use "bristlecone ban".

            For example:

              bristlecone block add signer:0123456789abcdef0123456789abcdef01234567
              bristlecone block list
              bristlecone block remove signer:0123456789abcdef0123456789abcdef01234567
            """,
        subcommands: [BlockAddCommand.self, BlockListCommand.self, BlockRemoveCommand.self])
}

/// `bristlecone block add KEY|SIGNER`
struct BlockAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Block keys and signers.",
        discussion: """
            For example:

              bristlecone block add greeting
              bristlecone block add --from keys.txt
            """)

    @OptionGroup var argument: SubjectArguments
    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let subjects = try argument.subjects()
        let report = try await client.change(Operations.changeBlocks, adding: subjects)
        try client.show(report) { report.added(subjects, "Blocked", "Already blocked", on: $0) }
    }
}

/// `bristlecone block remove KEY|SIGNER`
struct BlockRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Accept values of keys and signers again.",
        discussion: """
            The exit status is 1 if none of them was blocked.

            For example:

              bristlecone block remove greeting
            """)

    @OptionGroup var argument: SubjectArguments
    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let subjects = try argument.subjects()
        let report = try await client.change(Operations.changeBlocks, removing: subjects)
        guard report.removed > 0 else {
            throw CommandFailure(message: "This was not blocked: \"bristlecone block list\" shows the blocks.")
        }
        try client.show(report) { report.removed(subjects, "Unblocked", "not blocked", on: $0) }
    }
}

/// `bristlecone block list`
struct BlockListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the blocked keys and signers.",
        discussion: """
            For example:

              bristlecone block list --json
            """)

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let blocks = try await client.all { cursor in
            try await client.call(Operations.blocks, PageParameters(cursor: cursor, limit: 1000))
        }
        try client.show(Page(items: blocks)) { terminal in
            blocks.isEmpty
                ? "Nothing is blocked." : blocks.map { $0.text(on: terminal) }.joined(separator: "\n")
        }
    }
}
