internal import Archive
internal import ArgumentParser
internal import Console
internal import Glibc
internal import IPv8

/// `bristlecone-dump compact`
struct CompactCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Rewrite an archive without its free pages.",
        discussion: """
            The file takes no more of the disk than its contents, with the records in order; "ls -l" may show more, because \
            the rest of it is a hole. The node must be stopped, and the disk needs room for the new file beside the old \
            one. The command compares the new file with the old one record by record, then puts it in place in one \
            step. It deletes the old file only after opening the new one, so a power failure loses nothing.

            If LMDB's pages are damaged, nothing is compacted: run "bristlecone-dump verify". A record that does not \
            match its checksum is copied unchanged.

            For example:

              bristlecone-dump compact ./data
              bristlecone-dump compact ./data --keep
            """)

    @OptionGroup var options: DumpOptions

    @Flag(help: "Keep the old file, as archive.mdb.before-compact.")
    var keep = false

    mutating func run() throws {
        guard access(options.folder + "/archive.mdb", F_OK) == 0 else {
            throw ArchiveError.noArchive(folder: options.folder)
        }
        let folder = try LockedFolder(options.folder)
        var progress = ProgressLine()
        let result = try CompactedArchive(folder).run(keepsOld: keep) { step in
            switch step {
            case .checking: progress.show("checking")
            case .copying: progress.show("copying")
            case .comparing(let table, let count, let total):
                progress.show("comparing \(table): \(count) of \(total) records")
            }
        }
        progress.end()
        let summary = CompactSummary(
            folder: options.folder, bytesBefore: result.bytesBefore, bytesAfter: result.bytesAfter,
            bytesWon: result.bytesBefore - result.bytesAfter, records: result.records, keptAs: result.keptAs,
            seconds: Double(progress.elapsed.nanoseconds) / 1e9)
        try options.show(summary) { _ in summary.text() }
    }
}

/// The result of `compact`; its JSON has the same names, in snake case.
struct CompactSummary: Encodable {
    var folder: String
    /// Of the archive's file on the disk.
    var bytesBefore, bytesAfter, bytesWon: Int
    /// Records that were compared.
    var records: Int
    var keptAs: String?
    var seconds: Double

    private enum CodingKeys: CodingKey {
        case folder, bytesBefore, bytesAfter, bytesWon, records, keptAs, seconds
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(folder, forKey: .folder)
        try container.encode(bytesBefore, forKey: .bytesBefore)
        try container.encode(bytesAfter, forKey: .bytesAfter)
        try container.encode(bytesWon, forKey: .bytesWon)
        try container.encode(records, forKey: .records)
        try container.encode(keptAs, forKey: .keptAs)
        try container.encode(seconds, forKey: .seconds)
    }

    func text() -> String {
        let change =
            bytesWon > 0
            ? "\(Words.space(bytesWon)) won" : "no space saved: there were hardly any free pages"
        let kept = keptAs.map { "; the old file is \($0)" } ?? ""
        return SafeText.line(
            "Compacted \(folder) from \(Words.space(bytesBefore)) to \(Words.space(bytesAfter)): \(change)\(kept)")
    }
}
