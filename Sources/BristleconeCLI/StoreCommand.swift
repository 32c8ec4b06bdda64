internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI
internal import IPv8

/// `bristlecone store KEY VALUE`
struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Store a value in the DHT under a key.",
        discussion: """
            The node signs the value with its key, so nobody else can replace it. A signed value has up to \
            \(ValueLimit.signedBytesMax(.curve25519)) bytes. With --unsigned it has up to \
            \(ValueLimit.unsignedBytesMax), and nobody can tell who stored it.

            For example:

              bristlecone store greeting "hello"
              bristlecone store --unsigned --hex greeting 68656c6c6f

            If the value begins with a hyphen, put two hyphens before the key:

              bristlecone store -- temperature -3
            """)

    @Argument(
        help: ArgumentHelp("A text (its SHA-1 is the key) or 40 hexadecimal digits.", valueName: "key"),
        transform: Arguments.key)
    var key: Target

    @Argument(help: "A text, or hexadecimal digits with --hex.")
    var value: String

    @Flag(help: "Do not sign the value.")
    var unsigned = false

    @Flag(help: "Read the value as hexadecimal digits.")
    var hex = false

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        let data = try Arguments.value(value, isHex: hex)
        if let refusal = refusal(byteCount: data.count) { throw ValidationError(refusal) }
    }

    mutating func run() async throws {
        let data = try Arguments.value(value, isHex: hex)
        let request = StoreRequest(data: data, signed: !unsigned)
        let report = try await client.call(Operations.store, OneKey(key), request)
        try client.show(report) { report.text(on: $0) }
    }

    /// Refuses a value that is too long for every kind of key. Only the node knows the limit of its own key.
    private func refusal(byteCount: Int) -> String? {
        let levels: [KeyLevel?] = unsigned ? [nil] : KeyLevel.allCases
        let refusals = levels.map { ValueLimit.refusal(byteCount: byteCount, signedWith: $0) }
        guard let first = refusals.first, refusals.allSatisfy({ $0 != nil }) else { return nil }
        return unsigned ? first?.message : first?.sentences
    }
}

extension StoreReport {
    private func confirmation(_ terminal: Terminal) -> String {
        guard asked > 0 else { return terminal.bad("nobody else: no node was reachable, see bristlecone status") }
        let confirmed = "\(acknowledged) of \(Words.count(asked, "other node"))"
        return acknowledged > 0 ? confirmed : terminal.bad(confirmed)
    }

    /// The report for people.
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        table.add("confirmed by", confirmation(terminal))
        table.add("signed", version.map { "yes, version \($0)" } ?? "no")
        table.add("took", Words.time(duration))
        let verdict = acknowledged > 0 ? terminal.good("Stored") : terminal.bad("Stored on this node only,")
        let head = "\(verdict) under \(terminal.strong(terminal.digits(key)))"
        return ([head] + table.lines()).joined(separator: "\n")
    }
}
