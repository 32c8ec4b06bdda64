/// Something that is wrong with a configuration: where, what, and what to do.
package struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    /// Where it stands; ``SettingOrigin/standard`` where it is about no one place.
    package let origin: SettingOrigin
    /// What is wrong, one sentence.
    package let message: String
    /// What to do, one sentence.
    package let remedy: String

    /// `PLACE: what is wrong. What to do.`
    package var description: String {
        switch origin {
        case .standard: "\(message) \(remedy)"
        case .file, .environment, .flag: "\(origin): \(message) \(remedy)"
        }
    }
}

/// A configuration that a node cannot run with: everything that is wrong with it, at least one problem.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, in the order of the layers, and by lines within the file.
    package let problems: [ConfigurationProblem]

    /// The problems, one a line.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Where the value of a setting comes from.
package enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
    /// Nobody set it.
    case standard
    /// A line of the configuration file.
    case file(path: String, line: Int)
    /// An environment variable.
    case environment(variable: String)
    /// A flag of the command line.
    case flag(String)

    /// `default`, `data/bristlecone.yaml:12`, `BRISTLECONE_LISTEN` or `--listen`.
    package var description: String {
        switch self {
        case .standard: "default"
        case .file(let path, let line): "\(path):\(line)"
        case .environment(let variable): variable
        case .flag(let name): name
        }
    }

    /// The layer alone, for programs: `default`, `file`, `environment` or `flag`.
    package var layer: String {
        switch self {
        case .standard: "default"
        case .file: "file"
        case .environment: "environment"
        case .flag: "flag"
        }
    }
}
