internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc

/// `bristlecone config show`
struct ConfigShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show every setting, the value that holds, and where it comes from.",
        discussion: """
            Takes the flags of "bristlecone run".

            For example:

              bristlecone config show --listen 127.0.0.1:8090
              bristlecone config show --default-file > my.yaml
            """)

    @OptionGroup var node: NodeOptions

    @Flag(help: "Print as JSON.")
    var json = false

    @Flag(help: "Print the commented file with all defaults instead.")
    var defaultFile = false

    mutating func validate() throws {
        guard !(json && defaultFile) else { throw ValidationError("The default file is YAML: leave out --json.") }
    }

    mutating func run() async throws {
        guard !defaultFile else { return try Output.answer(String(DefaultFile.text.dropLast())) }
        let configuration = try node.load()
        let environment = ProcessInfo.processInfo.environment
        let terminal = Terminal(descriptor: STDOUT_FILENO, environment: environment)
        try Output.answer(json ? try JSONText.encode(configuration) : configuration.text(on: terminal))
    }
}

extension EffectiveConfiguration {
    /// A table of all settings: name, value, origin.
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        for setting in SettingName.allCases {
            let texts = texts(of: setting)
            let origin = origin(of: setting)
            let shown = origin == .standard ? terminal.faint(origin.description) : terminal.strong(origin.description)
            table.add(setting.rawValue, texts.first ?? "(none)", shown)
            for text in texts.dropFirst() { table.add("", text, "") }
        }
        let lines = table.lines(indent: 0).map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
        return (["Configuration file: \(SafeText.line(file ?? "none"))", ""] + lines).joined(separator: "\n")
    }
}
