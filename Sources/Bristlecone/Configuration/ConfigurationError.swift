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
        case .file, .environment, .flag, .command: "\(origin): \(message) \(remedy)"
        }
    }
}

/// A configuration that a node cannot run with: everything that is wrong with it, at least one problem.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, in the order of the layers, and by lines within the file.
    package let problems: [ConfigurationProblem]

    /// The problems, one a line.
    package var description: String { problems.map(\.description).joined(separator: "\n") }

    /// What the log of a running node says when it has read its configuration again.
    package var sentence: String {
        let others = problems.count - 1
        let more = others > 0 ? " (\(others) more: \"bristlecone config check\" lists all.)" : ""
        return "Nothing was changed. \(problems.first?.description ?? "")\(more)"
    }
}

/// Where the value of a setting comes from.
package enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
    /// Nobody set it.
    case standard
    /// A line of the configuration file.
    case file(path: String, line: Int)
    case environment(variable: String)
    /// A flag of the command line.
    case flag(String)
    /// `bristlecone config set`, or the API.
    case command

    /// `default`, `data/bristlecone.yaml:12`, `BRISTLECONE_LISTEN`, `--listen` or `config set`.
    package var description: String {
        switch self {
        case .standard: "default"
        case .file(let path, let line): "\(path):\(line)"
        case .environment(let variable): variable
        case .flag(let name): name
        case .command: "config set"
        }
    }

    /// The layer alone, for programs.
    package enum Layer: String, Sendable, Hashable, Codable, CaseIterable {
        case standard = "default"
        case file, environment, flag, command
    }

    package var layer: Layer {
        switch self {
        case .standard: .standard
        case .file: .file
        case .environment: .environment
        case .flag: .flag
        case .command: .command
        }
    }
}
