/// Something that is wrong with a configuration: where, what, and what to do.
public struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    /// Where it stands; ``SettingOrigin/standard`` where it is about no one place.
    public let origin: SettingOrigin
    /// What is wrong, one sentence.
    public let message: String
    /// What to do, one sentence.
    public let remedy: String

    /// `PLACE: what is wrong. What to do.`
    public var description: String {
        switch origin {
        case .standard: "\(message) \(remedy)"
        case .file, .environment, .flag: "\(origin): \(message) \(remedy)"
        }
    }
}

/// A configuration that a node cannot run with: everything that is wrong with it, at least one problem.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, in the order of the layers, and by lines within the file.
    public let problems: [ConfigurationProblem]

    /// The problems, one a line.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
