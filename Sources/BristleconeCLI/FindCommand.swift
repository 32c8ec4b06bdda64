internal import ArgumentParser
internal import Bristlecone
internal import IPv8

/// `bristlecone find KEY`
struct FindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find the values under a key.",
        discussion: """
            Of each signer the newest value, then the unsigned ones. The exit status is 1 where there is none.

            For example:

              bristlecone find greeting
              bristlecone find --local --json greeting
            """)

    @Argument(
        help: ArgumentHelp("A text, which is hashed with SHA-1, or 40 hexadecimal digits.", valueName: "key"),
        transform: Arguments.key)
    var key: Target

    @Flag(help: "Look into this node's own archive alone, and ask nobody.")
    var local = false

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let request: ControlRequest = local ? .findLocal(key: key) : .find(key: key)
        guard case .find(let report) = try client.ask(request, timeout: .seconds(120)) else {
            throw ClientOptions.mixedUp
        }
        if client.json || !report.values.isEmpty { try client.show(report) { report.text(on: $0, isLocal: local) } }
        guard !report.values.isEmpty else { throw CommandFailure(message: report.nothingFound(isLocal: local)) }
    }
}
