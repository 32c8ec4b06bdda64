internal import Synchronization

/// The configuration that a running node uses, and how it changes while the node runs.
///
/// A change is checked as a whole first, so a wrong one changes nothing. What can change at once is then handed to the parts of
/// the program that use it; for the rest the node has to be restarted.
package final class RunningConfiguration: Sendable {
    private struct State {
        var inForce: EffectiveConfiguration
        /// What the layers have for settings that wait for a restart.
        var waiting: [SettingName: SettingValue] = [:]
        var appliers: [@Sendable (NodeSettings) -> Void] = []

        mutating func use(_ new: EffectiveConfiguration, isOther: Bool) {
            inForce = new
            if isOther { for apply in appliers { apply(new.settings) } }
        }
    }

    private let state: Mutex<State>
    private let read: @Sendable () throws(ConfigurationError) -> EffectiveConfiguration

    /// - Parameter read: reads the layers again.
    package init(
        _ started: EffectiveConfiguration,
        rereading read: @escaping @Sendable () throws(ConfigurationError) -> EffectiveConfiguration
    ) {
        state = Mutex(State(inForce: started))
        self.read = read
    }

    /// Has a part of the program told the settings whenever one has changed. It is told under a lock, so it must not wait.
    package func onChange(_ apply: @escaping @Sendable (NodeSettings) -> Void) {
        state.withLock { $0.appliers.append(apply) }
    }

    /// The settings that hold now.
    package var settings: NodeSettings { state.withLock { $0.inForce.settings } }

    /// What holds now, and what waits for a restart.
    package var report: ConfigurationReport {
        state.withLock { ConfigurationReport($0.inForce, waiting: $0.waiting) }
    }

    /// Notes the configuration file of a data folder that was made after the layers had been read.
    package func noteNewFile() {
        guard let file = try? read().file else { return }
        state.withLock { $0.inForce.file = $0.inForce.file ?? file }
    }

    /// Reads the layers again and uses them as far as possible. Values of ``set(_:)`` give way to those of the layers.
    package func reload() throws(ConfigurationError) -> ConfigurationChange {
        let new = try read()
        return state.withLock { state in
            var change = ConfigurationChange(file: new.file)
            var inForce = state.inForce
            inForce.file = new.file
            state.waiting.removeAll()
            for setting in SettingName.allCases {
                let (before, now) = (inForce.value(of: setting), new.value(of: setting))
                guard before != now else {
                    inForce.origins[setting] = new.origins[setting]
                    continue
                }
                switch setting.change {
                case .atOnce:
                    inForce.take(setting, from: new)
                    change.applied.append(.init(name: setting.rawValue, before: before, now: now))
                case .restart:
                    state.waiting[setting] = now
                    change.needRestart.append(.init(name: setting.rawValue, before: before, now: now))
                }
            }
            state.use(inForce, isOther: !change.applied.isEmpty)
            return change
        }
    }

    /// Changes settings until the node stops, or until the configuration is read again.
    package func set(_ values: [String: SettingValue]) throws(NodeError) -> ConfigurationChange {
        try state.withLock { state throws(NodeError) in
            var new = state.inForce
            var change = ConfigurationChange(file: new.file)
            for (name, value) in values.sorted(by: { $0.key < $1.key }) {
                let setting = try SettingName.named(name)
                guard setting.change == .atOnce else {
                    throw NodeError(
                        .invalidArgument,
                        "\(name) cannot change while the node runs: write it to \(new.file ?? "the configuration file"), and "
                            + "restart the node.")
                }
                let before = new.value(of: setting)
                if let fault = new.set(setting, to: value).first { throw NodeError(setting, fault) }
                let now = new.value(of: setting)
                if before != now { change.applied.append(.init(name: name, before: before, now: now)) }
            }
            if let problem = new.contradictions().first {
                throw NodeError(.invalidArgument, "\(problem.message) \(problem.remedy)")
            }
            state.use(new, isOther: !change.applied.isEmpty)
            return change
        }
    }
}

/// Which settings a reload or a change took over, and which wait for a restart.
package struct ConfigurationChange: Sendable, Equatable, Codable {
    /// The configuration file; `nil` if there is none.
    package var file: String?
    /// Settings in use from now on.
    package var applied: [Item] = []
    /// Settings that a restart takes over.
    package var needRestart: [Item] = []

    /// A setting that has another value.
    package struct Item: Sendable, Equatable, Codable {
        package var name: String
        /// The value until now.
        package var before: SettingValue
        /// The new value.
        package var now: SettingValue

        /// `log.level from info to debug`
        var words: String { "\(name) from \(before.line) to \(now.line)" }
    }

    /// What was changed, and what needs a restart, in one or two sentences.
    package var sentences: String {
        let changed = applied.isEmpty ? "No setting was changed." : "Changed \(ConfigurationChange.list(applied))."
        guard !needRestart.isEmpty else { return changed }
        return "\(changed) Restart the node to change \(ConfigurationChange.list(needRestart))."
    }

    private static func list(_ items: [Item]) -> String { items.map(\.words).joined(separator: "; ") }
}

/// Every setting with its value, the source of the value, and whether a change needs a restart.
package struct ConfigurationReport: Sendable, Equatable, Codable {
    /// The configuration file; `nil` if there is none.
    package var file: String?
    package var settings: [String: Setting]

    package struct Setting: Sendable, Equatable, Codable {
        package var value: SettingValue
        package var layer: SettingOrigin.Layer
        /// The place in that layer; `nil` for the default.
        package var origin: String?
        /// When another value is used.
        package var change: SettingChange
        /// The value that is used after a restart; `nil` if it is the same.
        package var afterRestart: SettingValue?
    }

    package init(_ configuration: EffectiveConfiguration, waiting: [SettingName: SettingValue] = [:]) {
        file = configuration.file
        let lines = SettingName.allCases.map { setting in
            let origin = configuration.origin(of: setting)
            let line = Setting(
                value: configuration.value(of: setting), layer: origin.layer,
                origin: origin == .standard ? nil : origin.description, change: setting.change,
                afterRestart: waiting[setting])
            return (setting.rawValue, line)
        }
        settings = Dictionary(uniqueKeysWithValues: lines)
    }
}
