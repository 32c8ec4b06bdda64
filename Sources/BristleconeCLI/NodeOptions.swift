internal import ArgumentParser
internal import Bristlecone
internal import FoundationEssentials

/// The flags that stand for settings of a node.
struct NodeOptions: ParsableArguments {
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp("The folder for everything the node keeps (default: ./data).", valueName: "folder"))
    var dataFolder: String?

    @Option(
        help: ArgumentHelp(
            "Where to listen, such as 0.0.0.0:8090 or \"[::]:8090\"; port 0 means any free port. Can be given once for each address family.",
            valueName: "address:port"))
    var listen: [String] = []

    @Option(
        name: .customLong("peer"),
        help: ArgumentHelp(
            "A node to join through, such as 192.0.2.1:8090. Can be repeated.", valueName: "address:port"))
    var peers: [String] = []

    @Flag(help: "Do not ask the public bootstrap servers for peers.")
    var noBootstrap = false

    @Option(
        help: ArgumentHelp(
            "How much to log: trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel: String?

    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The configuration file (default: bristlecone.yaml in the data folder, if it exists).",
            valueName: "file"))
    var configurationFile: String?

    /// Whether there are other flags than the one that names the data folder.
    var hasSettings: Bool {
        !listen.isEmpty || !peers.isEmpty || noBootstrap || logLevel != nil || configurationFile != nil
    }

    /// The configuration with these flags on top.
    func load() throws(ConfigurationError) -> EffectiveConfiguration {
        var flags = ConfigurationFlags()
        flags.configurationFile = configurationFile
        flags.dataFolder = dataFolder
        flags.listen = listen
        flags.peers = peers
        flags.noBootstrap = noBootstrap
        flags.logLevel = logLevel
        return try EffectiveConfiguration.load(flags: flags, environment: ProcessInfo.processInfo.environment)
    }
}
