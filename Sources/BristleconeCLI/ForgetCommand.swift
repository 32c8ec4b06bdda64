internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import Glibc

/// `bristlecone forget KEY|SIGNER`
struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Erase all that this node keeps of a key or a signer, for good.",
        discussion: """
            Erases values, earlier versions and all else that is kept of them, on this node alone: other nodes keep \
            what they have, and may store it here again unless --block bars that. Backups that were made before keep it \
            too. The node then overwrites the bytes on the disk, which begins within a minute and goes on after a restart.

            For example:

              bristlecone forget greeting
              bristlecone forget --block --yes --signer 0123456789abcdef0123456789abcdef01234567
            """)

    @OptionGroup var argument: SubjectArgument

    @Flag(help: "Take nothing of it again.")
    var block = false

    @Flag(help: "Erase nothing; take values again that were barred with --block.")
    var unblock = false

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        guard !(block && unblock) else { throw ValidationError("Give --block or --unblock, not both.") }
    }

    mutating func run() async throws {
        let subject = try argument.subject()
        if !yes, !unblock { try confirm(subject) }
        let request: ControlRequest = unblock ? .unblock(subject) : .forget(subject, block: block)
        // A signer's values may be anywhere: the node walks through all that it has.
        guard case .forget(let report) = try client.ask(request, timeout: .seconds(3600)) else {
            throw ClientOptions.mixedUp
        }
        try client.show(report) { terminal in
            guard !unblock else { return "\(terminal.good("No longer barred")): \(subject.text(on: terminal))" }
            let barred = report.isBlocked ? " Nothing of it is taken again." : ""
            return "\(terminal.good("Forgotten")): \(subject.text(on: terminal)), "
                + "\(Words.count(report.erasedRecords, "record")) erased.\(barred)"
        }
    }

    private func confirm(_ subject: KeepSubject) throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure(message: "There is nobody to ask: give --yes to erase for good.", status: .usage)
        }
        Output.complain("Erase all that is kept of \(subject.text(on: .plain)) for good? Type yes to go on.")
        guard readLine() == "yes" else { throw CommandFailure(message: "Nothing was erased.") }
    }
}
