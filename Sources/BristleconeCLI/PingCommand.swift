internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI
internal import IPv8

/// `bristlecone ping ADDRESS:PORT`
struct PingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ping",
        abstract: "Check whether a node answers at an address.",
        discussion: """
            The exit status is 1 if nobody answers.

            For example:

              bristlecone ping 192.0.2.1:8090
            """)

    @Argument(
        help: ArgumentHelp("The node's address, such as 192.0.2.1:8090.", valueName: "address:port"),
        transform: Arguments.address)
    var address: Address

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let report = try await client.call(Operations.ping, PingRequest(address))
        try client.show(report) { report.text(on: $0) }
    }
}

extension PingReport {
    /// The report for people.
    func text(on terminal: Terminal) -> String {
        "\(address) \(terminal.good("answered")) in \(Words.time(roundTrip)): "
            + "\(terminal.strong(terminal.digits(publicKey.mid))) (\(publicKey.level.rawValue))"
    }
}
