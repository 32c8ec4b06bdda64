internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc

/// The flags of the commands that talk to a running node.
struct ClientOptions: ParsableArguments {
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp("The data folder of the running node (default: ./data).", valueName: "folder"))
    var dataFolder: String?

    @Flag(help: "Print the answer as JSON.")
    var json = false

    /// The data folder: flag, environment or default.
    var folder: String {
        EffectiveConfiguration.dataFolder(flag: dataFolder, environment: ProcessInfo.processInfo.environment)
    }

    /// Asks the node in the data folder, and throws what it says where it cannot do what was asked for.
    func ask(_ request: ControlRequest, timeout: Duration) throws -> ControlReply {
        let reply = try ControlClient(dataFolder: folder).send(request, timeout: timeout)
        if case .failure(let whole, let canRetry) = reply {
            let sentence = String(whole.prefix(ClientOptions.sentenceMax))
            throw CommandFailure(message: canRetry ? "\(sentence) \(Program.retryHint)" : sentence)
        }
        return reply
    }

    /// No node says more in a sentence; one that does is not to fill a terminal.
    private static let sentenceMax = 2000

    /// Prints an answer: as JSON, or as the text for people that is made for the terminal.
    func show(_ report: some Encodable, _ text: (Terminal) -> String) throws {
        let terminal = Terminal(descriptor: STDOUT_FILENO, environment: ProcessInfo.processInfo.environment)
        try Output.answer(json ? try JSONText.encode(report) : text(terminal))
    }

    /// What to throw where the node answers another question than the one that was asked.
    static let mixedUp = CommandFailure(message: "The node answered another question; restart it, and try again.")
}

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
