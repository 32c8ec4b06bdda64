internal import Configuration
internal import Glibc
internal import Platform
internal import SystemPackage

/// The settings that hold, and where each of them comes from.
///
/// There are four layers, each of which overrides the one before: the defaults, one YAML file, the environment
/// (`BRISTLECONE_…`) and the flags of the command line. The file is the one that `--config` or `BRISTLECONE_CONFIG`
/// names, or else `bristlecone.yaml` in the data folder, where there is one.
package struct EffectiveConfiguration: Sendable {
    package private(set) var settings = NodeSettings()
    /// Where each comes from.
    var origins: [SettingName: SettingOrigin] = [:]
    /// The file that was read, if any.
    package var file: String?

    /// The settings of a program that has no layers.
    package init(_ settings: NodeSettings = NodeSettings()) { self.settings = settings }

    /// Puts the layers together; throws everything that is wrong in any of them, also in values that are overridden.
    package static func load(
        flags: ConfigurationFlags, environment: [String: String]
    ) throws(ConfigurationError) -> EffectiveConfiguration {
        var loaded = EffectiveConfiguration()
        var problems: [ConfigurationProblem] = []
        var layers = [ConfigurationLayer(environment: environment), ConfigurationLayer(flags: flags)]
        if let file = findFile(flags, environment, &problems) {
            problems += file.problems
            layers.insert(ConfigurationLayer(file: file), at: 0)
            loaded.file = file.path
        }
        problems += unknownVariables(environment)
        for layer in layers { problems += loaded.apply(layer) }
        if problems.isEmpty { problems = loaded.contradictions() }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems.sorted(by: byPlace)) }
        return loaded
    }

    /// Where a setting comes from.
    package func origin(of setting: SettingName) -> SettingOrigin { origins[setting] ?? .standard }

    package func value(of setting: SettingName) -> SettingValue { setting.value(in: settings) }

    /// Takes a setting over, with its origin.
    mutating func take(_ setting: SettingName, from other: EffectiveConfiguration) {
        _ = setting.assign(setting.content(in: other.settings), to: &settings)
        origins[setting] = other.origins[setting]
    }

    /// Sets a setting of a running node; answers what is wrong with the value, or nothing.
    mutating func set(_ setting: SettingName, to value: SettingValue) -> [ValueFault] {
        let faults = setting.assign(value, to: &settings)
        if faults.isEmpty { origins[setting] = .command }
        return faults
    }

    /// Lets a layer override what is there and answers what is wrong with it.
    ///
    /// swift-configuration's reader would stop at the first layer that has a value and say nothing of the others; here
    /// all are to be checked, and the origin is to be told.
    private mutating func apply(_ layer: ConfigurationLayer) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        for setting in SettingName.allCases {
            var faults: [ValueFault] = []
            do {
                guard let content = try layer.content(of: setting) else { continue }
                faults = setting.assign(content, to: &settings)
                origins[setting] = layer.origin(setting, nil)
            } catch {
                faults = [error]
            }
            problems += faults.map { fault in
                let origin = layer.origin(setting, fault.item)
                let message = if case .file = origin { "\(setting.rawValue): \(fault.message)" } else { fault.message }
                return ConfigurationProblem(origin: origin, message: message, remedy: fault.remedy)
            }
        }
        return problems
    }

    /// The file that is asked for, or the data folder's if there is one.
    private static func findFile(
        _ flags: ConfigurationFlags, _ environment: [String: String], _ problems: inout [ConfigurationProblem]
    ) -> ConfigurationFile? {
        let named = environment[fileVariable].flatMap { $0.isEmpty ? nil : $0 }
        if let path = flags.configurationFile ?? named {
            if let file = ConfigurationFile(readingFrom: path) { return file }
            let origin: SettingOrigin =
                flags.configurationFile == nil ? .environment(variable: fileVariable) : .flag("--config")
            problems.append(
                ConfigurationProblem(
                    origin: origin, message: "There is no file \(quoted(path)).",
                    remedy: "Name a file that exists, or leave it out to use the one in the data folder."))
            return nil
        }
        let folder = dataFolder(flag: flags.dataFolder, environment: environment)
        // What is wrong with a folder that cannot be opened is said when it is opened as the data folder.
        guard (try? OpenFolder(folder)) != nil,
            let file = ConfigurationFile(readingFrom: folder + "/" + DefaultFile.name)
        else { return nil }
        if file.values[.data] != nil {
            problems.append(
                ConfigurationProblem(
                    origin: file.origin(of: .data),
                    message: "data cannot be set in the file that is found in the data folder.",
                    remedy: "Remove it, and name the folder with --data or BRISTLECONE_DATA."))
        }
        return file
    }

    /// The data folder as the commands that talk to a running node find it: flag, environment or default.
    package static func dataFolder(flag: String?, environment: [String: String]) -> String {
        let named = environment[SettingName.data.environmentVariable].flatMap { $0.isEmpty ? nil : $0 }
        return flag ?? named ?? NodeSettings().dataFolder
    }

    private static let fileVariable = SettingName.environmentPrefix + "CONFIG"

    /// Variables that begin like ours and are none.
    ///
    /// Kubernetes gives every container variables such as `BRISTLECONE_SERVICE_HOST` and `BRISTLECONE_PORT_8090_UDP`
    /// where a service is called bristlecone; they are nobody's mistake.
    private static func unknownVariables(_ environment: [String: String]) -> [ConfigurationProblem] {
        let known = SettingName.allCases.map(\.environmentVariable) + [fileVariable]
        return environment.keys.sorted().compactMap { name in
            guard name.hasPrefix(SettingName.environmentPrefix), !known.contains(name) else { return nil }
            let rest = name.dropFirst(SettingName.environmentPrefix.count)
            guard !rest.hasPrefix("SERVICE_"), rest != "PORT", !rest.hasPrefix("PORT_") else { return nil }
            // All begin alike, which makes none of them near.
            let others = known.map { String($0.dropFirst(SettingName.environmentPrefix.count)) }
            let nearest = Spelling.nearest(to: String(rest), among: others).map { SettingName.environmentPrefix + $0 }
            return ConfigurationProblem(
                origin: .environment(variable: name), message: "No setting has this environment variable.",
                remedy: nearest.map { "Did you mean \($0)?" } ?? "Unset it.")
        }
    }

    /// The file first, by lines, then the rest as it came.
    private static func byPlace(_ left: ConfigurationProblem, _ right: ConfigurationProblem) -> Bool {
        guard case .file(_, let leftLine) = left.origin else { return false }
        guard case .file(_, let rightLine) = right.origin else { return true }
        return leftLine < rightLine
    }
}
