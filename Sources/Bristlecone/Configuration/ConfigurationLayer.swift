internal import Configuration

/// One of the layers that settings come from: a provider that has the values, and where each of them stands.
struct ConfigurationLayer {
    /// Answers what a setting was given.
    let provider: any ConfigProvider
    /// Where a setting, or an item of its list, stands in this layer.
    let origin: (SettingName, _ item: Int?) -> SettingOrigin
    /// The text that a setting was given, for a message about a value of the wrong type.
    let text: (SettingName) -> String

    /// The flags of the command line.
    init(flags: ConfigurationFlags) {
        provider = InMemoryProvider(name: "flags", values: ConfigurationLayer.providerValues(flags.values))
        origin = { setting, _ in .flag(setting.flag ?? setting.rawValue) }
        text = { _ in "" }
    }

    /// The environment; a variable without a value counts as not set.
    init(environment: [String: String]) {
        provider = EnvironmentVariablesProvider(environmentVariables: environment.filter { !$0.value.isEmpty })
            .prefixKeys(with: "bristlecone")
        origin = { setting, _ in .environment(variable: setting.environmentVariable) }
        text = { environment[$0.environmentVariable] ?? "" }
    }

    init(file: ConfigurationFile) {
        provider = InMemoryProvider(name: "file", values: ConfigurationLayer.providerValues(file.values))
        origin = file.origin
        text = { _ in "" }
    }

    /// What the layer has for a setting: its value, nothing, or a value of another type.
    func content(of setting: SettingName) throws(ValueFault) -> ConfigContent? {
        do {
            return try provider.value(forKey: setting.key, type: setting.type).value?.content
        } catch {
            throw .wrongType(text(setting), for: setting)
        }
    }

    private static func providerValues(_ values: [SettingName: ConfigContent]) -> [AbsoluteConfigKey: ConfigValue] {
        Dictionary(uniqueKeysWithValues: values.map { ($0.key.key, ConfigValue($0.value, isSecret: false)) })
    }
}

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
