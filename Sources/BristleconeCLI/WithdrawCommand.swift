internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import IPv8

/// `bristlecone withdraw KEY`
struct WithdrawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Stop keeping alive what you published under a key.",
        discussion: """
            The node stores what you published again and again, until you withdraw it. From then on it is kept like \
            anybody's value, and the DHT forgets it within an hour. To erase it here too, use "bristlecone forget".

            The exit status is 1 where nothing was published here under the key.

            For example:

              bristlecone withdraw greeting
            """)

    @Argument(
        help: ArgumentHelp("A text, which is hashed with SHA-1, or 40 hexadecimal digits.", valueName: "key"),
        transform: Arguments.key)
    var key: Target

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        guard case .withdraw(let report) = try client.ask(.withdraw(key: key), timeout: .seconds(60)) else {
            throw ClientOptions.mixedUp
        }
        guard report.withdrawnCount > 0 else {
            throw CommandFailure(message: "Nothing that was published through this node stands under that key.")
        }
        try client.show(report) { terminal in
            "\(terminal.good("Withdrawn")): \(Words.count(report.withdrawnCount, "value")) under "
                + terminal.digits(report.key)
        }
    }
}
