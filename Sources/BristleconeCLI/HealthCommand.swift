internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI

/// `bristlecone health`
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Say whether the running node is well; the exit status is 0 if it is.",
        discussion: """
            A node is ready if it gets things done, takes part in the overlay and accepts stores. The exit status is 1 if it is \
            not ready, or not running; with --live only if it gets nothing done any more, so that a restart would help.

            For example, in a script or as the health check of a container:

              bristlecone health
              bristlecone health --live
            """)

    @Flag(help: "Only ask whether the node gets anything done.")
    var live = false

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let health = try await client.call(Operations.health)
        let isWell = live ? health.isLive : health.isReady
        if client.json || isWell {
            try client.show(health) { $0.good(live ? "The node is live." : "The node is ready.") }
        }
        guard isWell else {
            throw CommandFailure(message: health.reasons.map(\.message).joined(separator: " "))
        }
    }
}
