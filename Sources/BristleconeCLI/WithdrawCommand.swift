internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI
internal import IPv8

/// `bristlecone withdraw KEY`
struct WithdrawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Stop republishing the values that you published under a key.",
        discussion: """
            The node republishes your values until you withdraw them. After that it retains them like anybody's \
            values, and the DHT drops them within an hour. What is pinned stays alive for as long as it is pinned: use \
            "bristlecone pin remove" first. To erase the values here too, use "bristlecone forget".

            The exit status is 1 if nothing was published here under the key.

            For example:

              bristlecone withdraw greeting
            """)

    @Argument(
        help: ArgumentHelp("A text (its SHA-1 is the key) or 40 hexadecimal digits.", valueName: "key"),
        transform: Arguments.key)
    var key: Target

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let report = try await client.call(Operations.withdraw, OneKey(key))
        guard report.withdrawnCount > 0 else {
            throw CommandFailure(message: "Nothing under that key was published through this node.")
        }
        try client.show(report) { terminal in
            let withdrawn = Words.count(report.withdrawnCount, "value")
            let hint = "\nThe node still republishes what is pinned: \"bristlecone pin remove\" ends that."
            return "\(terminal.good("Withdrawn")): \(withdrawn) under \(terminal.digits(report.key))"
                + (report.isPinned ? hint : "")
        }
    }
}
