internal import ArgumentParser

/// `bristlecone config check` and `bristlecone config show`
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the configuration, or show what holds and why.",
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
