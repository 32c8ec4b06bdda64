internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI
internal import IPv8

/// `bristlecone connect MID`
struct ConnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Find a peer by its identity and check that it answers.",
        discussion: """
            Each peer stores its address on the nodes closest to its identity. This command asks those nodes, makes \
            the peer open its NAT for this node, and pings it. The exit status is 1 if the peer is not found or does \
            not answer.

            For example:

              bristlecone connect 13f0b2e62ad78ca38fa71eb9274677a63fce8c35
              bristlecone connect 13f0b2e62ad78ca38fa71eb9274677a63fce8c35 --address 192.0.2.1:8090
            """)

    @Argument(
        help: ArgumentHelp("The peer's identity: 40 hex digits.", valueName: "mid"), transform: Arguments.mid)
    var mid: Mid

    @Option(
        help: ArgumentHelp("The peer's last known address, which is tried first.", valueName: "address:port"),
        transform: Arguments.address)
    var address: Address?

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let report = try await client.call(Operations.connect, ConnectRequest(mid: mid, address: address))
        try client.show(report) { report.text(on: $0) }
    }
}

extension ConnectReport {
    /// The report for people.
    func text(on terminal: Terminal) -> String {
        let addresses = peers.map(\.address.description).sorted().joined(separator: " and ")
        return "\(terminal.strong(terminal.digits(mid))) \(terminal.good("answered")) at \(addresses), "
            + "found in \(Words.time(duration))"
    }
}
