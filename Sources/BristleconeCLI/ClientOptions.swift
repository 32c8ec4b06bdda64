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

    /// Sends the node in the data folder a request, and throws if the node reports a failure.
    func ask(_ request: ControlRequest, timeout: Duration) throws -> ControlReply {
        let reply = try ControlClient(dataFolder: folder).send(request, timeout: timeout)
        if case .failure(let error) = reply {
            throw NodeError(error.code, String(error.message.prefix(ClientOptions.sentenceMax)))
        }
        return reply
    }

    /// No node needs more for a sentence, and a longer one must not fill a terminal.
    private static let sentenceMax = 2000

    /// Prints an answer, as JSON or as text for the terminal.
    func show(_ report: some Encodable, _ text: (Terminal) -> String) throws {
        let terminal = Terminal(descriptor: STDOUT_FILENO, environment: ProcessInfo.processInfo.environment)
        try Output.answer(json ? try JSONText.encode(report) : text(terminal))
    }

    /// Thrown if the node answers another request than the one that was sent.
    static let mixedUp = CommandFailure(
        message: "The node gave an answer to another request: restart the node and try again.")
}

/// The failure of a command: one sentence, and the exit status.
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
    /// The exit status: wrong values of flags are a usage error, a missing configuration file is not.
    var exitStatus: ExitCode {
        let isUsage = problems.allSatisfy { problem in
            if case .flag(let name) = problem.origin { name != "--config" } else { false }
        }
        return isUsage ? .usage : .configuration
    }
}
