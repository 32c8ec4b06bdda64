internal import ArgumentParser
internal import Console
internal import FoundationEssentials
internal import HTTPAPI

/// `bristlecone api-key`
struct APIKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-key",
        abstract: "Show the key that programs need to write over HTTP.",
        discussion: """
            A node makes the key when it first starts, and keeps it in api.key in its data folder. Send it in the header \
            X-Api-Key or as Authorization: Bearer. To have a new one, remove the file and restart the node.

            For example:

              curl -H "X-Api-Key: $(bristlecone api-key)" -d '{"text": "hello"}' \\
                http://127.0.0.1:8085/api/v1/values/greeting
            """)

    @OptionGroup var client: ClientOptions

    private struct Answer: Encodable {
        let apiKey: String
    }

    mutating func run() async throws {
        guard let key = try APIKey.load(fromDataFolder: client.folder) else {
            throw CommandFailure(
                message: "There is no API key in \(client.folder) yet: a node makes it when it first starts there.")
        }
        try client.show(Answer(apiKey: key.text)) { _ in key.text }
    }
}
