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

            An increment (export --after-change) is imported into a copy of the archive that it is from, made by importing \
            a whole dump and all increments before it. It is applied whole or not at all; a gap, a repetition or an \
            increment of another archive is refused. Records that the other archive has lost or forgotten are removed.

            A new block erases: at the end of an import everything about keys and signers that it has blocked is erased, \
            unless the archive was empty before.

            To continue an interrupted import, repeat the command. If the interrupted run had refused an item, the \
            import starts again, and skips what the archive has already. A folder without an archive gets a new one. \
            The node must be stopped.

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

    @Option(help: ArgumentHelp("The archive's size limit in GiB, as in the node's settings.", valueName: "gib"))
    var sizeMax = 64

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
        if let signedBy, check.seal.signature?.signer.mid != Mid(hex: signedBy) {
            throw FileFailure(name, "is not signed by \(signedBy): get it from somebody you trust.")
        }
        if let gaps = check.gaps { Output.complain("\(name) \(gaps)") }
        if check.header.start != nil { return try importIncrement(input, check) }
        let isNew = try makeFolder()
        let held = try LockedFolder(options.folder)
        let archive = try openArchive()
        held.keepLock()
        let mode: ImportMode = valuesOnly ? .valuesOnly : .everything
        var importing = Importing(archive, check, mode, threads: threadCount, isUnsealed: unsealed)
        do {
            try importing.run(ItemSource(input.fromStart(named: name), isUnsealed: unsealed))
        } catch let error as DumpError {
            throw FileFailure(name, error)
        }
        var summary = importing.summary
        summary.dump = dump
        summary.folder = options.folder
        summary.begunArchive = isNew
        archive.close()
        withExtendedLifetime(held) {}
        try options.show(summary) { summary.text(on: $0) }
        if summary.isFull {
            throw DumpFailure(
                message:
                    "The archive or its disk is full: make room or raise --size-max, then repeat the import, "
                    + "which takes what is missing.",
                status: DumpFailure.cannotRead)
        }
        if !summary.isComplete { throw ExitCode(DumpFailure.found) }
    }

    private var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

    private func openArchive() throws(ArchiveError) -> Archive {
        var archiveOptions = ArchiveOptions(fittingIndexIn: options.folder)
        archiveOptions.liveBytesMax = sizeMax << 30
        archiveOptions.budgets = Budgets(sharing: sizeMax << 30)
        archiveOptions.structureCheckMax = nil
        if !valuesOnly {
            // An archive that moves was within the limits of its node, which are not known here.
            (archiveOptions.signedPerTargetMax, archiveOptions.unsignedPerTargetMax) = (.max, .max)
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
        let held = try LockedFolder(options.folder)
        let archive = try openArchive()
        held.keepLock()
        defer { withExtendedLifetime(held) { archive.close() } }
        var summary = try ImportingIncrement(name: name, check: check, threads: threadCount).run(input, into: archive)
        (summary.dump, summary.folder) = (dump, options.folder)
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

/// A dump that was read to its end once and found whole.
struct DumpCheck {
    let header: DumpHeader
    let seal: DumpSeal

    /// What the dump itself says is missing, as the end of a sentence; `nil` if it says nothing.
    var gaps: String? {
        if header.isSalvaged { return "was salvaged from a damaged dump: what that dump lost is missing here too." }
        guard let leftOut = seal.leftOut, leftOut > 0 else { return nil }
        return "lacks \(Words.count(leftOut, "record")), because damaged ones could not be exported."
    }

    init(_ input: DumpInput, named name: String, isUnsealed: Bool = false) throws {
        var progress = ProgressLine()
        do {
            var source = try ItemSource(input, isUnsealed: isUnsealed)
            var count = 0
            while try source.next() != nil {
                count += 1
                if count.isMultiple(of: 4096) {
                    progress.show("checking \(name): \(Words.space(input.offset)) of \(Words.space(input.byteCount))")
                }
            }
            guard let seal = source.seal else { throw DumpError.notADump }
            (header, self.seal) = (source.header, seal)
        } catch let error as DumpError {
            progress.end()
            throw FileFailure(name, error)
        }
        progress.end()
        guard seal.isAuthentic(accordingTo: SignatureVerifier()) else {
            throw FileFailure(name, "has a wrong signature: get it from somebody you trust.")
        }
    }
}
