internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import HTTPAPI

/// The flags of the commands that talk to a running node.
struct ClientOptions: ParsableArguments {
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp("The data folder of the node (default: ./data).", valueName: "folder"))
    var dataFolder: String?

    @Flag(help: "Print the answer as JSON.")
    var json = false

    /// The data folder: flag, environment or default.
    var folder: String {
        EffectiveConfiguration.dataFolder(flag: dataFolder, environment: ProcessInfo.processInfo.environment)
    }

    /// Has the node in the data folder do something.
    func call<Parameters, Body, Answer>(
        _ operation: Operation<Parameters, Body, Answer>, _ parameters: Parameters, _ body: Body
    ) async throws -> Answer {
        try await APIClient(dataFolder: folder).call(operation, parameters, body)
    }

    /// Has the node do something that takes no parameters.
    func call<Body, Answer>(_ operation: Operation<Nothing, Body, Answer>, _ body: Body) async throws -> Answer {
        try await call(operation, Nothing(), body)
    }

    /// Has the node do something that takes parameters only.
    func call<Parameters, Answer>(
        _ operation: Operation<Parameters, Nothing, Answer>, _ parameters: Parameters
    ) async throws -> Answer {
        try await call(operation, parameters, Nothing())
    }

    /// Asks the node for something that needs nothing to be said.
    func call<Answer>(_ operation: Operation<Nothing, Nothing, Answer>) async throws -> Answer {
        try await call(operation, Nothing(), Nothing())
    }

    /// All parts of a listing.
    func all<Item>(_ part: (Cursor?) async throws -> Page<Item>) async throws -> [Item] {
        var items: [Item] = []
        var cursor: Cursor?
        repeat {
            let page = try await part(cursor)
            items += page.items
            cursor = page.next.flatMap { Cursor($0) }
        } while cursor != nil
        return items
    }

    /// Prints an answer, as JSON or as text for the terminal.
    func show(_ report: some Encodable, _ text: (Terminal) -> String) throws {
        let terminal = Terminal(descriptor: STDOUT_FILENO, environment: ProcessInfo.processInfo.environment)
        try Output.answer(json ? try JSONText.encode(report) : text(terminal))
    }
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
