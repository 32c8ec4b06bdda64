internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import Glibc
internal import HTTPAPI

/// The program `bristlecone`.
@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bristlecone",
        abstract: "A node of the IPv8 DHT that stores its values on disk.",
        discussion: """
            The IPv8 DHT is a network of peers that store small values for each other: anybody can store a value under \
            a key, and anybody who knows the key can find it. Bristlecone takes part in the DHT and stores its values \
            on disk, so they survive a crash or a reboot.

            Start a node in one terminal, and use it from another:

              bristlecone run
              bristlecone store greeting "hello"
              bristlecone find greeting

            BRISTLECONE_DATA names the data folder, BRISTLECONE_CONFIG the configuration file. To have bash complete \
            commands and flags:

              source <(bristlecone --generate-completion-script bash)
            """,
        version: "bristlecone \(Release.version)",
        subcommands: [
            RunCommand.self, StoreCommand.self, FindCommand.self, PingCommand.self, ConnectCommand.self,
            StatusCommand.self, HealthCommand.self, HistoryCommand.self, PlanCommand.self, PinCommand.self,
            BlockCommand.self, BanCommand.self, KeyCommand.self, WithdrawCommand.self, ForgetCommand.self,
            BackupCommand.self, RestoreCommand.self, ImportCommand.self, ConfigCommand.self, ReloadCommand.self,
            FollowCommand.self, APIKeyCommand.self, SupportCommand.self, UpgradeCommand.self,
        ])

    /// Parses the arguments, runs the command, and turns every failure into a sentence and an exit status.
    static func main() async {
        requireReadableArguments()
        do {
            try requireCommand(CommandLine.arguments.dropFirst().first)
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    /// Suggests a command for an unknown name; the parser would complain about every word after it.
    static func requireCommand(_ name: String?) throws(CommandFailure) {
        let names = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
        guard let name, !name.hasPrefix("-"), !names.contains(name) else { return }
        let nearest = Spelling.nearest(to: name, among: names)
        let remedy = nearest.map { "Did you mean bristlecone \($0)?" } ?? "\"bristlecone --help\" lists all there are."
        throw CommandFailure(message: "There is no command \(quoted(name)). \(remedy)", status: .usage)
    }

    private static func requireReadableArguments() {
        guard let refusal = ProgramArguments.refusal else { return }
        end(CommandLine.argc > 0 ? .usage : .failure, saying: [refusal])
    }

    private static func end(with error: any Error) -> Never {
        switch error {
        case let failure as CommandFailure: end(failure.status, saying: [failure.message])
        case let failure as OutputFailure: end(.failure, saying: [failure.message])
        case let error as ConfigurationError: end(error.exitStatus, saying: error.problems.map(\.description))
        case let error as ControlSocketError: end(.failure, saying: [error.description])
        case let error as BackupError: end(.failure, saying: [error.sentences])
        case let error as NodeError where error.code == .configurationWrong:
            end(.configuration, saying: [error.message])
        case let error as DataFolderError: end(.failure, saying: [error.description])
        case let error as NodeError: end(.failure, saying: [error.sentences])
        default: endParsing(error)
        }
    }

    /// The parser reports help and version as errors too: they go to standard output.
    private static func endParsing(_ error: any Error) -> Never {
        let message = fullMessage(for: error)
        let code = exitCode(for: error)
        guard !code.isSuccess else {
            do throws(OutputFailure) {
                // Unchanged, because completion scripts contain tabs; nothing in it comes from anybody else.
                if !message.isEmpty { try Output.answer(Array("\(message)\n".utf8)) }
            } catch {
                end(.failure, saying: [error.message])
            }
            exit(withStatus: code)
        }
        let label = "Error: "
        let text = message.hasPrefix(label) ? String(message.dropFirst(label.count)) : message
        if !text.isEmpty { Output.complainLines(ProgramArguments.safe("bristlecone: \(text)")) }
        exit(withStatus: code)
    }

    private static func end(_ status: ExitCode, saying sentences: [String]) -> Never {
        for sentence in sentences { Output.complain("bristlecone: \(sentence)") }
        exit(withStatus: status)
    }

    private static func exit(withStatus status: ExitCode) -> Never { Glibc.exit(status.rawValue) }
}

extension NodeError {
    /// What the program says: the library's sentence, the flag or command that helps, and whether trying again may.
    var sentences: String {
        let hints = [hint, canRetry ? "Trying again may help." : nil]
        return ([message] + hints.compactMap { $0 }).joined(separator: " ")
    }

    private var hint: String? {
        switch code {
        case .addressInUse, .addressUnavailable:
            "Name another address with --listen, such as 0.0.0.0:8091 or \"[::]:8091\"."
        // A sentence that ends with a command to run needs no other remedy, and nothing behind the command.
        case .dataFolderInUse, .dataFolderUnusable: message.hasSuffix(".") ? "--data names the data folder." : nil
        case .blocked: "Use \"bristlecone block remove\"."
        case .unreachable: "\"bristlecone status\" shows what it listens on."
        case .archiveFull: "\"bristlecone status\" shows which, unless it is the last one."
        default: nil
        }
    }
}

extension BackupError {
    /// What the program says: the library's sentence, and the flag that helps.
    var sentences: String {
        switch self {
        case .noData, .foreignFolder, .mountPoint: "\(description) --data names the data folder."
        default: description
        }
    }
}
