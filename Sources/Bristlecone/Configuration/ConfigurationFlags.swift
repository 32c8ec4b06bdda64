internal import Configuration

/// What the command line says about the configuration; `nil` and empty stand for flags that were not given.
package struct ConfigurationFlags: Sendable {
    /// `--config`: the file to read in place of the data folder's.
    package var configurationFile: String?
    /// `--data`
    package var dataFolder: String?
    /// `--listen`, which may be given several times
    package var listen: [String] = []
    /// `--peer`, which may be given several times
    package var peers: [String] = []
    /// `--no-bootstrap`
    package var noBootstrap = false
    /// `--log-level`
    package var logLevel: String?

    /// No flags.
    package init() {}

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
