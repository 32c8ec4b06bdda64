internal import ArgumentParser
internal import Bristlecone

/// `bristlecone status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tell how the running node is: addresses, contacts, archive.",
        discussion: """
            For example:

              bristlecone status
              bristlecone status --json
            """)

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        guard case .status(let status) = try client.ask(.status, timeout: .seconds(10)) else {
            throw ClientOptions.mixedUp
        }
        try client.show(status) { status.text(on: $0) }
    }
}
