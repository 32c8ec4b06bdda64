internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import Glibc
internal import HTTPAPI

/// `bristlecone forget KEY|SIGNER`
struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Erase everything that this node keeps of a key or a signer.",
        discussion: """
            Erases values, earlier versions and everything that belongs to them, on this node only. Other nodes keep \
            their replicas, and may store them here again unless you add --block. Earlier backups keep the values too. \
            The node then overwrites the bytes on the disk; it begins within a minute and continues after a restart.

            For example:

              bristlecone forget greeting
              bristlecone forget --block --yes --signer 0123456789abcdef0123456789abcdef01234567
            """)

    @OptionGroup var argument: SubjectArgument

    @Flag(help: "Also refuse all its values from now on.")
    var block = false

    @Flag(help: "Erase nothing; accept values again that --block refused.")
    var unblock = false

    @Flag(help: "Do not ask for confirmation.")
    var yes = false

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        guard !(block && unblock) else { throw ValidationError("Give --block or --unblock, not both.") }
    }

    mutating func run() async throws {
        let subject = try argument.subject()
        if !yes, !unblock { try confirm(subject) }
        let operation = unblock ? Operations.unblock : Operations.forget
        let report = try await client.call(operation, ForgetRequest(subject, block: block))
        try client.show(report) { terminal in
            guard !unblock else { return "\(terminal.good("No longer blocked")): \(subject.text(on: terminal))" }
            let blocked = report.isBlocked ? " Its values will be refused from now on." : ""
            return "\(terminal.good("Forgotten")): \(subject.text(on: terminal)), "
                + "\(Words.count(report.erasedRecords, "record")) erased.\(blocked)"
        }
    }

    private func confirm(_ subject: KeepSubject) throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure(
                message: "This erases for good, and there is no terminal to ask for confirmation: add --yes.",
                status: .usage)
        }
        Output.complain("Erase everything about \(subject.text(on: .plain)) for good? Type yes to continue.")
        guard readLine() == "yes" else { throw CommandFailure(message: "Nothing was erased.") }
    }
}
