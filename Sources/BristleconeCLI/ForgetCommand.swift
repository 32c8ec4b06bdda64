internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import Glibc
internal import HTTPAPI

/// `bristlecone forget KEY|SIGNER`
struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Erase everything that this node keeps of keys or signers.",
        discussion: """
            Erases values, earlier versions and everything that belongs to them, pins too, on this node only. Other nodes keep \
            their replicas, and may store them here again unless you add --block; "bristlecone block remove" accepts \
            them again. Earlier backups keep the values too. The node then overwrites the bytes on the disk; it begins \
            within a minute and continues after a restart.

            For example:

              bristlecone forget greeting
              bristlecone forget --block --yes signer:0123456789abcdef0123456789abcdef01234567
              bristlecone forget --yes --from keys.txt
            """)

    @OptionGroup var argument: SubjectArguments

    @Flag(help: "Also refuse all its values from now on.")
    var block = false

    // The form of version 0.1. "bristlecone block remove" has taken its place.
    @Flag(help: ArgumentHelp("Erase nothing; accept values again that --block refused.", visibility: .hidden))
    var unblock = false

    @Flag(help: "Do not ask for confirmation.")
    var yes = false

    @OptionGroup var client: ClientOptions

    mutating func validate() throws {
        guard !(block && unblock) else { throw ValidationError("Give --block or --unblock, not both.") }
    }

    mutating func run() async throws {
        let subjects = try argument.subjects()
        if !yes, !unblock { try confirm(subjects) }
        let operation = unblock ? Operations.unblock : Operations.forget
        var erased = 0
        try await Parts.forEach(of: subjects) { part in
            erased += try await client.call(operation, ForgetRequest(Array(part), block: block)).erasedRecords
        }
        try client.show(ForgetReport(subjects, erasedRecords: erased, isBlocked: block)) { terminal in
            let names = subjects.text(on: terminal)
            guard !unblock else { return "\(terminal.good("No longer blocked")): \(names)" }
            let blocked = block ? " \(subjects.count == 1 ? "Its" : "Their") values will be refused from now on." : ""
            return "\(terminal.good("Forgotten")): \(names), \(Words.count(erased, "record")) erased.\(blocked)"
        }
    }

    private func confirm(_ subjects: [KeepSubject]) throws {
        // Standard input may be the list.
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure(
                message: "This erases for good, and there is no terminal to ask for confirmation: add --yes.",
                status: .usage)
        }
        Output.complain("Erase everything about \(subjects.text(on: .plain)) for good? Type yes to continue.")
        guard readLine() == "yes" else { throw CommandFailure(message: "Nothing was erased.") }
    }
}
