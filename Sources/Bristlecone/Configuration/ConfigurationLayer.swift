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

    /// The configuration file.
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
