internal import ArgumentParser
internal import Console
internal import HTTPAPI

/// `bristlecone follow`
struct FollowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "follow",
        abstract: "Print each change of the running node's archive as a line of JSON, as it happens.",
        discussion: """
            Each line has the number of the change, its time, whether the record is there (put) or not (gone), and the \
            columns of "bristlecone-dump export". Remember the number of the last line that you have dealt with, and go \
            on after it with --after: every change comes at least once, in order.

            The node keeps changes for the time that archive.journal_keep names. If the one after --after is gone, the exit \
            status is 3: begin anew with a whole export.

            For example:

              bristlecone follow
              bristlecone follow --after 0 | jq -r .key
            """)

    @Option(help: ArgumentHelp("Begin after this change; without it, with the next one.", valueName: "number"))
    var after: UInt64?

    @Option(
        help: ArgumentHelp(
            "When that change was made, as its line says: then a restore since is noticed.", valueName: "time"))
    var at: String?

    @Flag(help: "Also print a line every 15 seconds in which nothing happens.")
    var heartbeats = false

    @Option(
        name: .customLong("data"),
        help: ArgumentHelp("The data folder of the running node (default: ./data).", valueName: "folder"))
    var dataFolder: String?

    /// Changes are missing: the follower has to begin anew.
    static let resetStatus = ExitCode(3)

    mutating func validate() throws {
        guard let at else { return }
        _ = try Arguments.instant(at)
        guard after != nil else {
            throw ValidationError("--at is the time of the change that --after names; add --after.")
        }
    }

    mutating func run() async throws {
        let heartbeats = heartbeats
        var client = ClientOptions()
        client.dataFolder = dataFolder
        let end = try await APIClient(dataFolder: client.folder).follow(after: after, madeAt: at) { line in
            if line.kind == .change || heartbeats { try Output.answer(line.text) }
        }
        switch end {
        case .reset(let reason):
            throw CommandFailure(message: reason, status: FollowCommand.resetStatus)
        case .stopped(let last):
            throw CommandFailure(message: "The node has stopped; go on with --after \(last) when it runs again.")
        }
    }
}
