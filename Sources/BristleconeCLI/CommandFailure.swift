internal import ArgumentParser
internal import Bristlecone

/// A command that did not do what it was asked for: one sentence, and the status to end with.
struct CommandFailure: Error, Equatable {
    let message: String
    var status = ExitCode.failure
}

extension ExitCode {
    /// The configuration is wrong (`EX_CONFIG`).
    static let configuration = ExitCode(78)
    /// The command line is wrong (`EX_USAGE`).
    static let usage = ExitCode.validationFailure
}

extension ConfigurationError {
    /// What the program ends with: values of flags alone are the command line's fault, a missing file is not.
    var exitStatus: ExitCode {
        let isUsage = problems.allSatisfy { problem in
            if case .flag(let name) = problem.origin { name != "--config" } else { false }
        }
        return isUsage ? .usage : .configuration
    }
}
