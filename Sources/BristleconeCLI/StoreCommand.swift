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
            \(ValueLimit.signedBytesMax(.curve25519) ?? 0) bytes. With --unsigned it has up to \
            \(ValueLimit.unsignedBytesMax), and nobody can tell who stored it.

            For example:

              bristlecone store greeting "hello"
              bristlecone store --unsigned --hex greeting 68656c6c6f

            If the value begins with a hyphen, put two hyphens before the key:

              bristlecone store -- temperature -3

            A list has a line for each value: the key, a tab, and the value. The node stores these on its disk at once, \
            and on other nodes in the background.

              bristlecone store --from values.tsv
            """)

    @Argument(help: ArgumentHelp("A text (its SHA-1 is the key) or 40 hexadecimal digits.", valueName: "key"))
    var key: String?

    @Argument(help: "A text, or hexadecimal digits with --hex.")
    var value: String?

    @Option(
        name: .customLong("from"),
        help: ArgumentHelp("Read keys and values from a file; - is standard input.", valueName: "file"))
    var list: String?

    @Flag(help: "Do not sign the value.")
    var unsigned = false

    @Flag(help: "Read the value as hexadecimal digits.")
    var hex = false

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        guard list == nil ? value != nil : key == nil else {
            throw ValidationError(
                list == nil
                    ? "Give a key and a value, or a list of them with --from FILE."
                    : "Give a key and a value, or --from FILE, not both.")
        }
        if let key, let value { _ = try keyed(key, value) }
    }

    mutating func run() async throws {
        guard let list else { return try await storeOne() }
        let values = try LineList.read(list).parse { line in
            guard let tab = line.firstIndex(of: "\t") else {
                throw ValidationError("There is no tab between a key and a value.")
            }
            return try keyed(String(line[..<tab]), String(line[line.index(after: tab)...]))
        }
        var total = BulkStoreReport()
        var done = 0
        try await Parts.forEach(of: values) { part in
            let request = StoreManyRequest(part.map { KeyedValue($0.key, $0.request) })
            total.add(try await client.call(Operations.storeMany, request), after: done)
            done += part.count
        }
        try client.show(total) { total.text(on: $0) }
        guard total.refused == 0 else { throw CommandFailure(message: "Some values were refused.") }
    }

    private func storeOne() async throws {
        guard let key, let value else { return }
        let keyed = try keyed(key, value)
        let report = try await client.call(Operations.store, OneKey(keyed.key), keyed.request)
        try client.show(report) { report.text(on: $0) }
    }

    private func keyed(_ key: String, _ value: String) throws -> (key: Target, request: HTTPAPI.StoreRequest) {
        let data = try Arguments.value(value, isHex: hex)
        if let refusal = refusal(byteCount: data.count) { throw ValidationError(refusal) }
        return (try Arguments.key(key), HTTPAPI.StoreRequest(data: data, signed: !unsigned))
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

extension BulkStoreReport {
    fileprivate mutating func add(_ other: BulkStoreReport, after count: Int) {
        stored += other.stored
        publishing += other.publishing
        refused += other.refused
        refusals += other.refusals.prefix(BulkStoreReport.refusalsMax - refusals.count)
            .map { Refused(index: count + $0.index, reason: $0.reason) }
    }

    /// The report for people.
    fileprivate func text(on terminal: Terminal) -> String {
        let later = stored - publishing
        let others = "\(publishing) of them are being stored on other nodes"
        let head = "\(terminal.good("Stored")): \(Words.count(stored, "value")) on this node; \(others)"
        let rest = later > 0 ? ", \(later) follow with the next republishing." : "."
        guard refused > 0 else { return head + rest }
        let lines = refusals.map { "  value \($0.index + 1): \($0.reason)" }
        return ([head + rest, terminal.bad("Refused: \(Words.count(refused, "value"))")] + lines).joined(
            separator: "\n")
    }
}
