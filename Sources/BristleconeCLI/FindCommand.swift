internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI
internal import IPv8

/// `bristlecone find KEY`
struct FindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find the values under a key.",
        discussion: """
            Shows the newest value of each signer, then the unsigned values. The exit status is 1 if there is no \
            value.

            For example:

              bristlecone find greeting
              bristlecone find --local --json greeting
            """)

    @Argument(
        help: ArgumentHelp("A text (its SHA-1 is the key) or 40 hexadecimal digits.", valueName: "key"),
        transform: Arguments.key)
    var key: Target

    @Flag(help: "Look only in this node's own archive.")
    var local = false

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let report = try await client.call(Operations.lookUp, LookUpParameters(key, local: local))
        if client.json || !report.values.isEmpty { try client.show(report) { report.text(on: $0, isLocal: local) } }
        guard !report.values.isEmpty else { throw CommandFailure(message: report.nothingFound(isLocal: local)) }
    }
}

extension FindReport {
    /// The error if nothing was found.
    func nothingFound(isLocal: Bool) -> String {
        if isLocal {
            return "This node serves nothing under \(key); \"bristlecone-dump get\" also shows retained values."
        }
        let nothing = "Nothing was found under \(key)"
        return asked > 0
            ? "\(nothing): \(Words.count(asked, "node")) asked, \(answered) answered."
            : "\(nothing), and this node knows nobody to ask: see \"bristlecone status\"."
    }

    /// The report for people.
    func text(on terminal: Terminal, isLocal: Bool) -> String {
        var table = TextTable()
        for value in values {
            table.add(Terminal.shown(value.data), terminal.faint(FindReport.origin(of: value, terminal)))
        }
        let head = "\(Words.count(values.count, "value")) under \(terminal.strong(terminal.digits(key)))"
        let foot =
            isLocal
            ? "From this node's own archive, in \(Words.time(duration))."
            : "\(Words.count(asked, "node")) asked, \(answered) answered, \(withValues) had values, "
                + "in \(Words.time(duration))."
        return ([head] + table.lines() + [terminal.faint(foot)]).joined(separator: "\n")
    }

    private static func origin(of value: FoundValue, _ terminal: Terminal) -> String {
        guard let signer = value.signer, let version = value.version else { return "unsigned" }
        return "signed by \(terminal.digits(signer.mid)), version \(version)"
    }
}
