internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc

/// `bristlecone config check` and `bristlecone config show`
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the configuration, or show the effective settings.",
        discussion: """
            Settings come from four places, each of which overrides the one before: the defaults, the configuration \
            file (bristlecone.yaml in the data folder, or the one that --config names), environment variables that \
            begin with BRISTLECONE_, and flags.

            For example:

              bristlecone config show
              bristlecone config check --config my.yaml
            """,
        subcommands: [ConfigCheckCommand.self, ConfigShowCommand.self])
}

/// `bristlecone config check`
struct ConfigCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check whether a node could run with this configuration.",
        discussion: """
            Accepts the flags of "bristlecone run" and changes nothing. The exit status is 78 if something is wrong.

            For example:

              bristlecone config check --config my.yaml
            """)

    @OptionGroup var node: NodeOptions

    mutating func run() async throws {
        let configuration = try node.load()
        let file = configuration.file.map { "\(SafeText.line($0)) is read" } ?? "No configuration file is read"
        let changed = SettingName.allCases.filter { configuration.origin(of: $0) != .standard }.count
        let rest =
            changed == 0 ? "everything is at its default" : "\(Words.count(changed, "setting")) not at the default"
        try Output.answer("The configuration is fine. \(file); \(rest).")
    }
}

/// `bristlecone config show`
struct ConfigShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show every setting, its effective value, and where the value comes from.",
        discussion: """
            Accepts the flags of "bristlecone run".

            For example:

              bristlecone config show --listen 127.0.0.1:8090
              bristlecone config show --default-file > my.yaml
            """)

    @OptionGroup var node: NodeOptions

    @Flag(help: "Print the answer as JSON.")
    var json = false

    @Flag(help: "Print a commented configuration file with all defaults instead.")
    var defaultFile = false

    mutating func validate() throws {
        guard !(json && defaultFile) else { throw ValidationError("The default file is YAML: remove --json.") }
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
