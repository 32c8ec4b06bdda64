internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import IPv8

/// `bristlecone key show`, `generate`, `import` and `rotate`
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Show or change the node's identity.",
        discussion: """
            The identity is the key that the node signs with. Others know the node by it, so a node with another key is \
            another node to them. No two nodes may run with the same key.

            With another key, the next start signs and publishes anew what this node published before, and withdraws \
            the old values: other nodes drop these within an hour. The old key stays in the data folder as \
            identity.key. and its mid; delete it when you do not need it any more.

            For example:

              bristlecone key show
              bristlecone key import ec_multichain.pem
              bristlecone key rotate
            """,
        subcommands: [KeyShowCommand.self, KeyGenerateCommand.self, KeyImportCommand.self, KeyRotateCommand.self])
}

/// `bristlecone key show`
struct KeyShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the node's identity and public key.",
        discussion: """
            Reads the key file in the data folder, whether a node runs or not, and never prints the private key.

            For example:

              bristlecone key show --json
            """)

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let report = try NodeKey.show(client.folder)
        try client.show(report) { report.text(on: $0) }
    }
}

/// `bristlecone key generate FILE`
struct KeyGenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Write a new key to a new file.",
        discussion: """
            The file has the form that IPv8 uses. No node uses it until you import it.

            For example:

              bristlecone key generate spare.key
            """)

    @Argument(help: ArgumentHelp("The file to create.", valueName: "file"))
    var file: String

    @Option(
        help: ArgumentHelp(
            "The kind of key: curve25519, or the older very-low, low, medium or high.", valueName: "level"))
    var level = KeyLevel.curve25519.rawValue

    @Flag(help: "Print the answer as JSON.")
    var json = false

    mutating func validate() throws {
        guard KeyLevel(rawValue: level) != nil else {
            let all = KeyLevel.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("There is no kind of key \(quoted(level)); there are \(all).")
        }
    }

    mutating func run() async throws {
        let key = try KeyFile.generate(KeyLevel(rawValue: level) ?? .curve25519, at: file)
        var client = ClientOptions()
        client.json = json
        let report = IdentityReport(key, file: file)
        try client.show(report) { report.text(on: $0) }
    }
}

/// `bristlecone key import FILE`
struct KeyImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Give the node the key in a file.",
        discussion: """
            Accepts the key files of IPv8 and what becomes of them: binary, PEM, Base64, hexadecimal digits, the 64 \
            bytes of a curve25519 key without their prefix, and any of these with a line end behind it. In a folder, it \
            takes the file with one of IPv8's names. No node may be running in the data folder.

            For example:

              bristlecone key import ec_multichain.pem
            """)

    @Argument(help: ArgumentHelp("The key file, or a folder that has one.", valueName: "file"))
    var file: String

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let report = try NodeKey.replace(with: try KeyFile.read(file), in: client.folder)
        try client.show(report) { report.text(on: $0) }
    }
}

/// `bristlecone key rotate`
struct KeyRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give the node a new key.",
        discussion: """
            No node may be running in the data folder.

            For example:

              bristlecone key rotate --data ./data
            """)

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let report = try NodeKey.replace(with: nil, in: client.folder)
        try client.show(report) { report.text(on: $0) }
    }
}

extension IdentityReport {
    /// The report for people.
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        table.add("identity", terminal.strong("\(mid)"))
        table.add("public key", "\(publicKey)")
        table.add("kind", level.rawValue)
        table.add("file", file)
        if let oldFile { table.add("old key", oldFile) }
        return (table.lines() + [consequence].compactMap { $0 }).joined(separator: "\n")
    }

    private var consequence: String? {
        if ValueLimit.signedBytesMax(level) == nil {
            return
                "With a \(level.rawValue) key signed values are too long for the DHT: such a node stores unsigned ones."
        }
        guard publications > 0 else { return nil }
        return "The next start publishes \(Words.count(publications, "value")) under the new key."
    }
}
