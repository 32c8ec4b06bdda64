internal import Archive
internal import ArgumentParser
internal import Console
internal import Glibc
internal import IPv8
internal import Platform

/// `bristlecone-dump diff`
struct DiffCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare two archives, two dumps, or one of each.",
        discussion: """
            Prints a line for each item that is only in the first (-), only in the second (+), or different in the two \
            (~), in the order of a dump. --content ignores times and provenance, and compares only key, signer, \
            version and data. With --json, each difference is an object on a line of its own, and the last line has \
            the totals.

            The exit status is 0 if both have the same contents, 1 if they differ, and 2 if one of them cannot be \
            read.

            For example:

              bristlecone-dump diff archive.dump ./data
              bristlecone-dump diff --content /backups/bristlecone-2026-02-03 ./data
            """)

    @Argument(help: ArgumentHelp("A data folder, a backup or a dump.", valueName: "a"))
    var first: String

    @Argument(help: ArgumentHelp("A data folder, a backup or a dump; - is a dump on standard input.", valueName: "b"))
    var second: String

    @Flag(help: "Compare only key, signer, version and data.")
    var content = false

    @Flag(help: "Print each difference as JSON.")
    var json = false

    mutating func run() throws {
        // A folder comes before standard input, which can be read once: opening it may need another process.
        let folder = DiffSide.isFolder(second) && !DiffSide.isFolder(first) ? try DiffSide(second) : nil
        var left = try DiffSide(first)
        var right = try folder ?? DiffSide(second)
        var summary = DiffSummary(a: first, b: second)
        let terminal = OutputOptions.terminal
        var progress = ProgressLine()
        try left.advance()
        try right.advance()
        while left.item != nil || right.item != nil {
            summary.compared += 1
            if summary.compared.isMultiple(of: 4096) {
                progress.show("\(summary.compared) items compared, \(summary.differences) differ")
            }
            guard let difference = try step(&left, &right) else { continue }
            summary.add(difference)
            try Output.answer(json ? try JSONText.encode(difference) : difference.text(on: terminal))
        }
        progress.end()
        summary.damaged = left.damagedCount + right.damagedCount
        try Output.answer(json ? try JSONText.encode(summary) : summary.text())
        if summary.damaged > 0 {
            throw DumpFailure(
                message:
                    "\(Words.count(summary.damaged, "damaged record")) could not be compared: see what "
                    + "\"bristlecone-dump verify\" says.",
                status: DumpFailure.cannotRead)
        }
        if summary.differences > 0 { throw ExitCode(DumpFailure.found) }
    }

    /// Advances to the next item of the two sides. Returns their difference there, if there is one.
    private func step(_ left: inout DiffSide, _ right: inout DiffSide) throws -> Difference? {
        switch (left.item, right.item) {
        case (let old?, let new?) where old.kind == new.kind && old.key == new.key:
            try left.advance()
            try right.advance()
            return old.body == new.body ? nil : Difference(old, new, contentOnly: content)
        case (let old?, let new?):
            if old < new {
                try left.advance()
                return Difference(removed: old)
            }
            try right.advance()
            return Difference(added: new)
        case (let old?, nil):
            try left.advance()
            return Difference(removed: old)
        case (nil, let new?):
            try right.advance()
            return Difference(added: new)
        case (nil, nil): return nil
        }
    }
}

/// One of the two that are compared.
struct DiffSide {
    private let name: String
    private var source: ItemSource
    /// The side's present key; `nil` at its end.
    private(set) var item: DumpItem?

    var damagedCount: Int { source.damagedCount }

    init(_ path: String) throws {
        name = InputFile.name(path)
        if DiffSide.isFolder(path) {
            let reader = try ArchiveReader.open(folder: path).atRest(temporaryFolder: TemporaryFolder.path)
            try Shortfall.look(at: reader, called: path, limit: nil)
            source = try ItemSource(reader)
            return
        }
        // Nothing is said about a dump before it was found whole.
        let input = try InputFile.openTwice(path, temporaryFolder: TemporaryFolder.path)
        let check = try DumpCheck(input, named: name)
        guard check.header.start == nil else {
            throw FileFailure(name, "is an increment, which has changes only: compare whole dumps, or import it first.")
        }
        do {
            source = try ItemSource(input.fromStart(named: name))
        } catch let error as DumpError {
            throw FileFailure(name, error)
        }
    }

    static func isFolder(_ path: String) -> Bool {
        path != "-" && (try? FileStatus.of(path))?.isFolder == true
    }

    mutating func advance() throws {
        do {
            item = try source.next()
        } catch let error as DumpError {
            throw FileFailure(name, error)
        }
    }
}
