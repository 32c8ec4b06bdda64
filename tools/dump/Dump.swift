internal import Archive
internal import ArgumentParser
internal import Console
internal import Glibc

/// The program `bristlecone-dump`.
@main
struct Dump: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bristlecone-dump",
        abstract: "Inspect, move and repair a node's archive, with or without a running node.",
        discussion: """
            DIR is a node's data folder or a backup. The tool needs no key and no network. Commands that only read \
            change nothing: beside a running node they read one consistent state; in the folder of a stopped node they \
            write nothing, and the node cannot start until they are done. Commands that change an archive (import, \
            compact, verify --repair) need the node to be stopped.

            For example:

              bristlecone-dump stat ./data
              bristlecone-dump list --limit 20 ./data
              bristlecone-dump get greeting ./data
              bristlecone-dump why greeting ./data
              bristlecone-dump verify ./data && echo sound
              bristlecone-dump export ./data --output archive.dump
              bristlecone-dump import archive.dump ./other
              bristlecone-dump diff archive.dump ./other

            Exit status: 0 if all is well; 1 if nothing was found, verify or decode found damage, diff found a \
            difference, import refused an item or export left one out; 2 if an archive or dump cannot be opened, read \
            or written; 64 if the command line is wrong.

            Times are in UTC. On a terminal, long identities are shortened; in a pipe and with --json they are \
            complete. NO_COLOR turns colours off.
            """,
        version: "bristlecone-dump \(ProgramVersion.text)",
        groupedSubcommands: [
            CommandGroup(
                name: "Value",
                subcommands: [
                    ListCommand.self, GetCommand.self, HistoryCommand.self, WhyCommand.self, EvidenceCommand.self,
                ]),
            CommandGroup(
                name: "Archive",
                subcommands: [
                    StatCommand.self, VerifyCommand.self, PublishersCommand.self, ContactsCommand.self,
                    BucketsCommand.self, JobsCommand.self, PlanCommand.self, CompactCommand.self,
                ]),
            CommandGroup(
                name: "Dump",
                subcommands: [
                    ExportCommand.self, ImportCommand.self, DiffCommand.self, ProveCommand.self, CheckProofCommand.self,
                    SalvageCommand.self,
                ]),
            CommandGroup(name: "Other", subcommands: [DecodeCommand.self]),
        ])

    /// Parses the arguments and runs the command, in a child process because damage in LMDB's pages may end the process
    /// that reads them.
    static func main() {
        if let refusal = ProgramArguments.refusal {
            Output.complain("bristlecone-dump: \(refusal)")
            exit(status: CommandLine.argc > 0 ? DumpFailure.usage : DumpFailure.cannotRead)
        }
        do {
            var command = try parseAsRoot()
            guard let guarded = command as? any GuardedCommand, !Worker.isWorker else {
                if Worker.isWorker { Worker.endWithParent() }
                try command.run()
                exit(status: 0)
            }
            exit(status: try guarded.supervise())
        } catch {
            end(with: error)
        }
    }

    private static func end(with error: any Error) -> Never {
        switch error {
        // The command has reported its failure already.
        case let code as ExitCode: exit(status: code.rawValue)
        case let failure as DumpFailure:
            Output.complain("bristlecone-dump: \(failure.message)")
            exit(status: failure.status)
        case let failure as OutputFailure:
            Output.complain("bristlecone-dump: \(failure.message)")
            exit(status: DumpFailure.cannotRead)
        case let error as FileFailure:
            Output.complain("bristlecone-dump: \(error.description)")
            exit(status: DumpFailure.cannotRead)
        case ArchiveError.index(let detail):
            Output.complain(
                "bristlecone-dump: This needs the index, which cannot be used (\(detail)): start the node, which repairs "
                    + "it.")
            exit(status: DumpFailure.cannotRead)
        case ArchiveError.processNumberTaken where Worker.isWorker: Glibc.exit(Worker.needsAnotherNumber)
        case let error as ArchiveError:
            Output.complain("bristlecone-dump: \(error)")
            exit(status: DumpFailure.cannotRead)
        default: endParsing(error)
        }
    }

    /// Help is an error to the parser too: it goes to standard output.
    private static func endParsing(_ error: any Error) -> Never {
        let message = fullMessage(for: error)
        let code = exitCode(for: error)
        if code.isSuccess {
            do throws(OutputFailure) {
                // Unchanged, because completion scripts contain tabs; nothing in it comes from anybody else.
                if !message.isEmpty { try Output.answer(Array("\(message)\n".utf8)) }
            } catch {
                Output.complain("bristlecone-dump: \(error.message)")
                exit(status: DumpFailure.cannotRead)
            }
        } else {
            let label = "Error: "
            let text = message.hasPrefix(label) ? String(message.dropFirst(label.count)) : message
            Output.complainLines(ProgramArguments.safe("bristlecone-dump: \(text)"))
        }
        exit(status: code.rawValue)
    }

    /// Ends the program. The status is not success if a part of an archive is missing.
    private static func exit(status: Int32) -> Never { Glibc.exit(Shortfall.status(status)) }
}

/// The failure of a command: one sentence, and the exit status.
struct DumpFailure: Error, Equatable {
    let message: String
    let status: Int32

    /// Damage was found, or nothing if something was looked for.
    static let found: Int32 = 1
    /// The archive cannot be opened or read.
    static let cannotRead: Int32 = 2
    /// The command line makes no sense.
    static let usage: Int32 = 64
}

/// A command that reads an archive in a child process, and the parent's part in it.
protocol GuardedCommand: ParsableCommand {
    /// Runs the command in a child and returns the status to end with.
    func supervise() throws -> Int32
}

extension GuardedCommand {
    /// Lets the child write for itself.
    func supervise() throws -> Int32 {
        switch try Worker.run() {
        case .exited(let status): return status
        case .killed(SIGPIPE):
            // Nobody reads any more: to end like any other program whose reader has gone.
            raise(SIGPIPE)
            return 0
        case .killed(let signal):
            throw DumpFailure(message: WorkerSignal.message(signal), status: DumpFailure.cannotRead)
        }
    }
}
