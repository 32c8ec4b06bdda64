internal import Archive
internal import ArgumentParser
internal import Console
internal import IPv8

/// `bristlecone-dump why`
struct WhyCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Explain why the values under a key are served, retained, refused or gone.",
        discussion: """
            Collects everything that is known: expiry, pins, blocks, versions, the account that a value is charged to \
            and what would be evicted before it, when it is due to be republished, evidence, quarantine and the \
            journal. The exit status is 1 if nothing is known of the key.

            For example:

              bristlecone-dump why greeting ./data
            """)

    @OptionGroup var argument: KeyArgument

    @OptionGroup var options: DumpOptions

    mutating func run() throws {
        let reader = try options.open()
        let facts = try reader.facts(about: argument.key)
        let changes = try JournalReading.changes(of: argument.key, in: reader)
        let reasons = Reasons(
            facts, changes, journal: try reader.journal(), at: DumpOptions.now, on: OutputOptions.terminal)
        try options.output.show(
            .object([
                "key": .string(argument.key.description), "reasons": .array(reasons.all.map(\.json)),
            ])
        ) { terminal in reasons.text(of: argument.key, on: terminal) }
        if reasons.isNothingKnown { throw ExitCode(DumpFailure.found) }
    }
}

/// One thing that is so, and why.
struct Reason: Equatable {
    /// The subject: the key, or a value or signer by its id.
    var about: String?
    /// The kind of reason, in a word.
    var topic: String
    /// The sentence.
    var text: String
    /// Whether it is something to look at.
    var isBad = false

    /// The answer for programs.
    var json: JSON { .object(["about": JSON(about), "topic": .string(topic), "text": .string(text)]) }
}
