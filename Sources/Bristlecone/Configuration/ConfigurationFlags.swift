internal import Configuration

/// What the command line says about the configuration; `nil` and empty stand for flags that were not given.
public struct ConfigurationFlags: Sendable {
    /// `--config`: the file to read in place of the data folder's.
    public var configurationFile: String?
    /// `--data`
    public var dataFolder: String?
    /// `--listen`, which may be given several times
    public var listen: [String] = []
    /// `--peer`, which may be given several times
    public var peers: [String] = []
    /// `--no-bootstrap`
    public var noBootstrap = false
    /// `--log-level`
    public var logLevel: String?

    /// No flags.
    public init() {}

    /// What each setting was given.
    var values: [SettingName: ConfigContent] {
        var values: [SettingName: ConfigContent] = [:]
        values[.data] = dataFolder.map(ConfigContent.string)
        values[.listen] = listen.isEmpty ? nil : .stringArray(listen)
        values[.peers] = peers.isEmpty ? nil : .stringArray(peers)
        values[.bootstrapEnabled] = noBootstrap ? .bool(false) : nil
        values[.logLevel] = logLevel.map(ConfigContent.string)
        return values
    }
}
