internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import HTTPAPI

/// `bristlecone config check`, `show` and `set`
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the configuration, show the effective settings, or change those of a running node.",
        discussion: """
            Settings come from four places, each of which overrides the one before: the defaults, the configuration \
            file (bristlecone.yaml in the data folder, or the one that --config names), environment variables that \
            begin with BRISTLECONE_, and flags.

            For example:

              bristlecone config show
              bristlecone config check --config my.yaml
              bristlecone config set log.level debug
            """,
        subcommands: [ConfigCheckCommand.self, ConfigShowCommand.self, ConfigSetCommand.self])
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
            Beside a running node this shows the node's own settings, with changes by "bristlecone config set". Without a \
            node, with --at-start, or with a flag of "bristlecone run" other than --data, it shows what a node that starts \
            now would use. The last column says whether another value can be used at once, or only after \
            a restart.

            For example:

              bristlecone config show
              bristlecone config show --listen 127.0.0.1:8090
              bristlecone config show --default-file > my.yaml
            """)

    @OptionGroup var node: NodeOptions

    @Flag(help: "Show what a node that starts now would use, even if one is running.")
    var atStart = false

    @Flag(help: "Print the answer as JSON.")
    var json = false

    @Flag(help: "Print a commented configuration file with all defaults instead.")
    var defaultFile = false

    mutating func validate() throws {
        guard !(json && defaultFile) else { throw ValidationError("The default file is YAML: remove --json.") }
    }

    mutating func run() async throws {
        guard !defaultFile else { return try Output.answer(String(DefaultFile.text.dropLast())) }
        var client = ClientOptions()
        (client.dataFolder, client.json) = (node.dataFolder, json)
        let running = atStart || node.hasSettings ? nil : try await ofRunningNode(client)
        let report = try running ?? ConfigurationReport(node.load())
        try client.show(report) { report.text(on: $0, runningIn: running == nil ? nil : client.folder) }
    }

    /// What the node in the data folder uses; `nil` if none is running.
    private func ofRunningNode(_ client: ClientOptions) async throws -> ConfigurationReport? {
        do {
            return try await client.call(Operations.settings)
        } catch ControlSocketError.notRunning {
            return nil
        }
    }
}

extension ConfigurationReport {
    /// A table of all settings: name, value, origin, and when another value is used.
    ///
    /// - Parameter dataFolder: of the node that uses them, if one is running.
    func text(on terminal: Terminal, runningIn dataFolder: String?) -> String {
        var table = TextTable()
        for setting in SettingName.allCases {
            guard let line = settings[setting.rawValue] else { continue }
            let origin = line.origin.map(terminal.strong) ?? terminal.faint("default")
            let texts = line.value.texts
            table.add(
                setting.rawValue, texts.first ?? "(none)", origin,
                line.change == .restart ? terminal.faint("restart") : "")
            for text in texts.dropFirst() { table.add("", text, "", "") }
        }
        let lines = table.lines(indent: 0).map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
        let file = SafeText.line(file ?? "none")
        let head = dataFolder.map { "Settings of the node that is running in \(SafeText.line($0))" }
        return ([head, "Configuration file: \(file)"].compactMap { $0 } + [""] + lines + waitingLines(on: terminal))
            .joined(separator: "\n")
    }

    /// The settings that wait for a restart.
    private func waitingLines(on terminal: Terminal) -> [String] {
        let waiting = SettingName.allCases.compactMap { setting in
            settings[setting.rawValue]?.afterRestart.map { "\(setting.rawValue): \($0.line)" }
        }
        return waiting.isEmpty ? [] : ["", terminal.bad("Used only after a restart:")] + waiting.map { "  \($0)" }
    }
}

/// `bristlecone config set NAME VALUE`
struct ConfigSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a setting of the running node at once.",
        discussion: """
            The value holds until the node stops or reads its configuration again (bristlecone reload). To keep it, write \
            it to the configuration file too. "bristlecone config show" marks the settings that need a restart: these \
            cannot be changed so.

            For example:

              bristlecone config set log.level debug
              bristlecone config set archive.scrub_rate 0
              bristlecone config set http.hosts node.example.org localhost
            """)

    @Argument(help: "The setting's name, such as log.level.")
    var name: String

    @Argument(help: ArgumentHelp("Its value; several if it is a list.", valueName: "value"))
    var values: [String]

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        do throws(NodeError) {
            _ = try SettingName.named(name).value(of: values)
        } catch {
            throw ValidationError(error.message)
        }
    }

    mutating func run() async throws {
        let value = try SettingName.named(name).value(of: values)
        let change = try await client.call(Operations.changeSettings, SettingsRequest([name: value]))
        try client.show(change) { terminal in
            guard !change.applied.isEmpty else { return "\(terminal.strong(name)) has this value already." }
            let file = change.file.map { SafeText.line($0) } ?? "the configuration file"
            return "\(terminal.good("Changed")) \(change.lines(change.applied, on: terminal).joined())\n"
                + terminal.faint("It holds until the node stops or reloads. To keep it, write it to \(file).")
        }
    }
}

/// `bristlecone reload`
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have the running node read its configuration again.",
        discussion: """
            The node uses at once what can change while it runs, and names the settings that need a restart. If something \
            in the configuration is wrong, nothing changes, and the exit status is 78. SIGHUP does the same; then the log \
            has the answer.

            For example:

              bristlecone reload
            """)

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let change = try await client.call(Operations.reloadSettings)
        try client.show(change) { change.text(on: $0) }
    }
}

extension ConfigurationChange {
    /// What reading the configuration came to.
    func text(on terminal: Terminal) -> String {
        let head =
            "\(terminal.good("Read")) \(SafeText.line(file ?? "the environment; there is no configuration file"))"
        guard !(applied.isEmpty && needRestart.isEmpty) else { return "\(head): nothing is different." }
        let changed = applied.isEmpty ? [] : ["Changed:"] + lines(applied, on: terminal).map { "  \($0)" }
        let waiting =
            needRestart.isEmpty
            ? [] : [terminal.bad("Restart the node to change:")] + lines(needRestart, on: terminal).map { "  \($0)" }
        return ([head] + changed + waiting).joined(separator: "\n")
    }

    func lines(_ items: [Item], on terminal: Terminal) -> [String] {
        items.map { "\(terminal.strong($0.name)): \(SafeText.line($0.before.line)) → \(SafeText.line($0.now.line))" }
    }
}
