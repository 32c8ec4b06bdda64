internal import Archive
internal import ArgumentParser
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import IPv8
internal import Platform
internal import SystemPackage

/// `bristlecone-dump import`
struct ImportCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import a dump into an archive: a dump, lines of JSON, or CSV.",
        discussion: """
            The whole dump is checked first. If any of it is cut off or damaged, the import names the place and takes \
            nothing. Then it checks every signature and compares each value with the archive: it respects floors, \
            versions and blocks, and displaces nothing. It reports every refused item with the reason.

            An increment (export --after-change) can only be imported into a copy of the archive that it was exported from. \
            Make the copy by importing a whole dump and then every earlier increment. An increment is applied whole or not at all; a gap, a repetition or an \
            increment of another archive is refused. Records that the other archive has lost or forgotten are removed.

            A new block erases: at the end of an import everything about keys and signers that it has blocked is erased, \
            unless the archive was empty before.

            To continue an interrupted import, repeat the command. If the interrupted run had refused an item, the \
            import starts again, and skips what the archive has already. A folder without an archive gets a new one. \
            The node must be stopped; "bristlecone import" imports into a running one.

            Pins, publications, blocks and floors are imported too, as when an archive moves. No signature proves \
            them, so import like this only from somebody you trust. With --values-only the archive takes only what a \
            signature proves: use it for somebody else's archive.

            The exit status is 0 if the archive now has everything, 1 if an item was refused, and 2 if the dump or the \
            archive cannot be read.

            For example:

              bristlecone-dump import archive.dump ./data
              zstd -dc archive.jsonl.zst | bristlecone-dump import - ./data --values-only
            """)

    @Argument(help: ArgumentHelp("The dump, or lines of JSON or CSV; - is standard input.", valueName: "dump"))
    var dump: String

    @OptionGroup var options: DumpOptions

    @Flag(help: "Do not import pins, publications, blocks and floors, and treat all values as received from others.")
    var valuesOnly = false

    @Flag(help: "Accept selected or combined lines of JSON or CSV, which have no closing line.")
    var unsealed = false

    @Option(help: ArgumentHelp("Refuse a dump without this node's signature.", valueName: "mid"))
    var signedBy: String?

    @Option(
        help: ArgumentHelp("How large the archive may become, in GiB: the node's archive.size_limit.", valueName: "gib")
    )
    var sizeMax = 50

    @Option(help: "The number of threads that check signatures (default: one per processor core).")
    var threads: Int?

    mutating func validate() throws {
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads must be from 1 to 256.")
        }
        guard (1...1 << 20).contains(sizeMax) else { throw ValidationError("--size-max must be at least 1 (GiB).") }
        if let signedBy, Mid(hex: signedBy) == nil { throw ValidationError("A mid is 40 hexadecimal digits.") }
    }

    mutating func run() throws {
        let input = try InputFile.openTwice(dump, temporaryFolder: TemporaryFolder.path)
        let name = InputFile.name(dump)
        let check = try DumpCheck(input, named: name, isUnsealed: unsealed)
        do throws(DumpError) {
            if let signer = signedBy.flatMap({ Mid(hex: $0) }) { try check.requireSignature(of: signer) }
        } catch {
            throw FileFailure(name, error)
        }
        if let gaps = check.gaps { Output.complain("\(name) \(gaps)") }
        if check.header.start != nil { return try importIncrement(input, check) }
        let isNew = try makeFolder()
        let held = try lockFolder()
        let archive = try openArchive()
        held.keepLock()
        var summary = try importDump(input, check, into: archive)
        (summary.dump, summary.folder, summary.begunArchive) = (dump, options.folder, isNew)
        archive.close()
        withExtendedLifetime(held) {}
        try options.show(summary) { summary.text(on: $0) }
        if summary.tally.isFull {
            throw DumpFailure(
                message:
                    "The archive or its disk is full: make room or raise --size-max, then repeat the import, "
                    + "which takes what is missing.",
                status: DumpFailure.cannotRead)
        }
        if !summary.tally.isComplete { throw ExitCode(DumpFailure.found) }
    }

    private func importDump(_ input: DumpInput, _ check: DumpCheck, into archive: Archive) throws -> ImportSummary {
        let name = InputFile.name(dump)
        var importOptions = DumpImport.Options()
        importOptions.mode = valuesOnly ? .valuesOnly : .everything
        (importOptions.isUnsealed, importOptions.threads) = (unsealed, threadCount)
        var importing = DumpImport(archive, check, importOptions) { DumpOptions.now }
        var progress = ProgressLine()
        defer { progress.end() }
        do {
            let source = try ItemSource(input.fromStart(named: name), isUnsealed: unsealed)
            // Following keeps the journal short; the index catches up at the end.
            try importing.run(source, committed: { _ = try? archive.follow() }) { tally in
                let rate = Int(Double(tally.done) / (Double(progress.elapsed.nanoseconds) / 1e9))
                progress.show(
                    "\(tally.done + tally.resumedAt) of \(tally.items) items, \(rate) a second, "
                        + "\(tally.refusedCount) refused")
            }
        } catch let error as DumpError {
            throw FileFailure(name, error)
        }
        var summary = ImportSummary(check, importing.tally)
        if !summary.tally.isFull { summary.indexFailure = archive.followWhole { progress.show("updating the index") } }
        summary.seconds = Double(progress.elapsed.nanoseconds) / 1e9
        return summary
    }

    private func lockFolder() throws -> LockedFolder {
        do throws(ArchiveError) {
            return try LockedFolder(options.folder)
        } catch .inUse(let folder) {
            throw FileFailure(
                folder,
                "is in use by a node, or another tool: import into a running node with \"bristlecone import\", or stop it."
            )
        }
    }

    private var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

    private func openArchive() throws(ArchiveError) -> Archive {
        var archiveOptions = ArchiveOptions(fittingIndexIn: options.folder)
        archiveOptions.liveBytesMax = sizeMax << 30
        archiveOptions.budgets = Budgets(sharing: sizeMax << 30)
        archiveOptions.structureCheckMax = nil
        if !valuesOnly {
            // An archive that moves was within the limits of its node, which are not known here. What was served then may
            // be retained by now, and more than its share.
            (archiveOptions.signedPerTargetMax, archiveOptions.unsignedPerTargetMax) = (.max, .max)
            archiveOptions.copiesFitBudgets = false
        }
        return try Archive.open(folder: options.folder, options: archiveOptions, now: DumpOptions.now)
    }

    private func importIncrement(_ input: DumpInput, _ check: DumpCheck) throws {
        let name = InputFile.name(dump)
        guard !valuesOnly, !unsealed else {
            throw FileFailure(
                name, "is an increment, which is applied whole: remove \(valuesOnly ? "--values-only" : "--unsealed").")
        }
        guard FileIdentity(path: options.folder + "/archive.mdb") != nil else {
            throw FileFailure(
                name, "is an increment, and there is no archive in \(options.folder): import a whole dump there first.")
        }
        let held = try lockFolder()
        let archive = try openArchive()
        held.keepLock()
        defer { withExtendedLifetime(held) { archive.close() } }
        let begun = ContinuousClock.now
        var summary = IncrementSummary(check)
        (summary.dump, summary.folder) = (dump, options.folder)
        do {
            let result = try archive.importIncrement(input, check, threads: threadCount, at: DumpOptions.now)
            (summary.put, summary.removed, summary.forgotten) = (result.put, result.removed, result.forgotten)
        } catch let error as DumpError {
            throw FileFailure(name, error)
        } catch let error as IncrementRefusal {
            throw FileFailure(name, error)
        }
        summary.indexFailure = archive.followWhole {}
        summary.seconds = Double((ContinuousClock.now - begun).nanoseconds) / 1e9
        try options.show(summary) { _ in summary.text() }
    }

    /// Creates the folder if it is missing. Returns whether it has no archive yet.
    private func makeFolder() throws -> Bool {
        if FileIdentity(path: options.folder + "/archive.mdb") != nil { return false }
        // A new archive within another one's folder, or within a backup, would be in the way of both.
        if let kept = KeptFolder(around: FolderPath(options.folder).parent.text) {
            throw FileFailure(
                options.folder,
                "is in \(kept.path), a data folder or a backup, which must not change: choose another place.")
        }
        do {
            try FolderPath(options.folder).create()
        } catch {
            guard error == .fileExists else {
                throw ArchiveError.unavailable(path: options.folder, reason: "\(error)")
            }
        }
        return true
    }
}

extension DumpInput {
    /// The same file, from its beginning.
    func fromStart(named name: String) throws(FileFailure) -> DumpInput {
        do {
            try rewind()
        } catch {
            throw FileFailure(name, error)
        }
        return self
    }
}

extension DumpCheck {
    /// Reads a whole dump, and shows how far that is.
    init(_ input: DumpInput, named name: String, isUnsealed: Bool = false) throws {
        var progress = ProgressLine()
        defer { progress.end() }
        do {
            try self.init(input, isUnsealed: isUnsealed) {
                progress.show("checking \(name): \(Words.space(input.offset)) of \(Words.space(input.byteCount))")
            }
        } catch let error as DumpError {
            progress.end()
            throw FileFailure(name, error)
        }
    }
}
