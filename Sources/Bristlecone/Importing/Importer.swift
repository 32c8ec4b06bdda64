internal import Archive
internal import IPv8
internal import Maintenance
internal import Platform
internal import Synchronization

/// Imports dumps into the archive of a running node, one at a time, on a thread of its own.
///
/// A dump is read to its end before anything of it is taken. Then its items are committed a few at a time, on the thread that
/// commits stores: it takes both in the order of their arrival, so a store waits for one short commit at most. An increment is one
/// commit, and so it may not be long.
final class Importer: Sendable {
    private let archive: Archive
    private let index: IndexKeeper
    private let writer: SerialWorker
    private let worker = SerialWorker("importer")
    private let isBusy = Atomic(false)

    private static let pace = CommitPace(itemsMax: 256, durationMax: .milliseconds(30))
    /// The longest increment, for which stores wait some seconds.
    private static let incrementItemsMax = 20_000

    init(archive: Archive, index: IndexKeeper, writer: SerialWorker) {
        (self.archive, self.index, self.writer) = (archive, index, writer)
    }

    /// Makes room for a dump, if no other is being imported.
    func begin() throws(NodeError) -> ImportUpload {
        guard !isBusy.exchange(true, ordering: .acquiringAndReleasing) else {
            throw NodeError(.busy, "Another dump is being imported; wait for its end.")
        }
        return try ImportUpload(of: archive, on: worker) { [self] in isBusy.store(false, ordering: .releasing) }
    }

    /// Imports a dump that was handed over whole. If the task is cancelled, or the node ends, what has been committed stays,
    /// and importing the dump again continues there.
    func run(
        _ upload: ImportUpload, _ options: ImportOptions, clock: @escaping @Sendable () -> Instant,
        report: @escaping @Sendable (ImportStep) -> Void
    ) async throws(NodeError) -> ImportReport {
        let flag = CancellationFlag()
        let result = await withTaskCancellationHandler {
            await worker.run { [self] in
                Result {
                    try importDump(upload, options, clock) { step in
                        guard !flag.isSet, !worker.isStopping else { throw CancellationError() }
                        report(step)
                    }
                }
            }
        } onCancel: {
            flag.set()
        }
        index.archiveChanged()
        do {
            guard let result, !(worker.isStopping && (try? result.get()) == nil) else { throw NodeError.notRunning }
            return try result.get()
        } catch {
            throw NodeError(importing: error)
        }
    }

    private func importDump(
        _ upload: ImportUpload, _ options: ImportOptions, _ clock: @escaping @Sendable () -> Instant,
        _ report: (ImportStep) throws -> Void
    ) throws -> ImportReport {
        let begun = ContinuousClock.now
        let input = DumpInput(descriptor: upload.file.descriptor, closes: false)
        func tellChecking() throws {
            try report(ImportStep(kind: .checking, done: input.offset, total: input.byteCount))
        }
        try input.rewind()
        try tellChecking()
        let check = try DumpCheck(input, isUnsealed: options.unsealed, report: tellChecking)
        if let signer = options.signedBy { try check.requireSignature(of: signer) }
        var result = ImportReport(check)
        if check.header.start != nil {
            guard !options.valuesOnly, !options.unsealed else {
                throw NodeError(.invalidArgument, "An increment is imported whole: without values_only and unsealed.")
            }
            result.increment = ImportReport.Increment(
                check,
                try archive.importIncrement(
                    input, check, threads: 1, itemsMax: Importer.incrementItemsMax, at: clock(), report: tellChecking))
        } else {
            result.add(try importItems(of: input, check, options, clock, report))
        }
        result.duration = ContinuousClock.now - begun
        return result
    }

    private func importItems(
        of input: DumpInput, _ check: DumpCheck, _ options: ImportOptions, _ clock: @escaping @Sendable () -> Instant,
        _ report: (ImportStep) throws -> Void
    ) throws -> ImportTally {
        var ofArchive = DumpImport.Options()
        ofArchive.mode = options.valuesOnly ? .valuesOnly : .everything
        (ofArchive.isUnsealed, ofArchive.pace) = (options.unsealed, Importer.pace)
        // When the node ends, the commit under way still finds the archive open.
        ofArchive.commit = { [writer] work in writer.submit(work, ifStopped: work) }
        var importing = DumpImport(archive, check, ofArchive, clock: clock)
        try input.rewind()
        let source = try ItemSource(input, isUnsealed: options.unsealed)
        try importing.run(source, committed: { [index] in index.archiveChanged() }) { tally in
            try report(ImportStep(kind: .importing, done: tally.resumedAt + tally.done, total: tally.items))
        }
        return importing.tally
    }

    /// Has an import end after the commit under way.
    func endSoon() { worker.endSoon() }

    /// Waits until the import has ended.
    func shutdown() async { await worker.stop() }
}

extension BristleconeNode {
    /// Begins to take in a dump; while that goes on, no other is taken.
    package func beginImport() throws(NodeError) -> ImportUpload { try threads.importer.begin() }

    /// Imports a dump that was handed over whole, see ``Importer``.
    package func importDump(
        _ upload: ImportUpload, _ options: ImportOptions, report: @escaping @Sendable (ImportStep) -> Void = { _ in }
    ) async throws(NodeError) -> ImportReport {
        try await threads.importer.run(upload, options, clock: { [loop] in loop.moment.now }, report: report)
    }
}

extension NodeError {
    fileprivate init(importing error: any Error) {
        switch error {
        case let error as NodeError: self = error
        case let error as ArchiveError: self.init(error)
        case let error as DumpError: self.init(.dumpUnusable, "The dump \(error)")
        case let error as IncrementRefusal: self.init(.incrementRefused, "The increment \(error)")
        default:
            self.init(
                .cancelled,
                "This was cancelled before everything was imported; import the dump again, and it continues there.")
        }
    }
}

extension ImportReport {
    fileprivate init(_ check: DumpCheck) {
        self.init(
            root: "\(check.seal.root)", signedBy: check.seal.signature.map { "\($0.signer.mid)" }, gaps: check.gaps,
            items: check.seal.items, duration: .zero)
    }

    fileprivate mutating func add(_ tally: ImportTally) {
        (isComplete, isFull, resumedAt) = (tally.isComplete, tally.isFull, tally.resumedAt)
        (taken, held, superseded) = (tally.taken, tally.held, tally.superseded)
        (conflicting, leftOut, erased, refused) = (tally.conflicting, tally.leftOut, tally.erased, tally.refused)
        refusals = tally.refusals.map {
            Refusal(kind: $0.kind, key: $0.key, id: $0.id, reason: $0.reason, version: $0.version)
        }
    }
}

extension ImportReport.Increment {
    fileprivate init(_ check: DumpCheck, _ result: IncrementResult) {
        self.init(
            archive: check.header.origin?.archive ?? "", from: check.header.start?.change ?? 0,
            change: check.header.origin?.change ?? 0, put: result.put, removed: result.removed,
            forgotten: result.forgotten)
    }
}
