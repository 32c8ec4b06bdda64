internal import ArgumentParser
internal import Bristlecone
internal import Console

/// `bristlecone config check`
struct ConfigCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether a node could run with this configuration, and what is wrong if not.",
        discussion: """
            Takes the flags of "bristlecone run" and changes nothing. The exit status is 78 where something is wrong.

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
