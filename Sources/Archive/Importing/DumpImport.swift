internal import Dispatch
package import IPv8
internal import Synchronization

/// An import of a checked dump: signatures of the next items are checked while those before are being committed.
package struct DumpImport {
    private let archive: Archive
    private let check: DumpCheck
    private var seal: DumpSeal { check.seal }
    private let options: Options
    private var pace: CommitPace
    private let clock: @Sendable () -> Instant
    private let verifier = SignatureVerifier()
    /// The keys and signers that this run has blocked.
    private var blocked: Set<ArchiveSubject> = []
    /// The first block, which belongs to the next batch.
    private var waiting: DumpItem?
    /// Whether it has brought values that were published where the dump was made.
    private var hasPublishedValues = false
    /// The result so far.
    package private(set) var tally: ImportTally

    package struct Options: Sendable {
        package var mode = ImportMode.everything
        /// Whether it consists of lines that somebody has picked.
        package var isUnsealed = false
        /// How many threads check signatures.
        package var threads = 1
        /// How many items a commit has.
        package var pace = CommitPace(itemsMax: 4096)
        /// Has a commit made, in the order of the calls.
        package var commit: @Sendable (@escaping @Sendable () -> Void) -> Void = {
            DispatchQueue.global(qos: .userInitiated).async(execute: $0)
        }

        package init() {}
    }

    package init(
        _ archive: Archive, _ check: DumpCheck, _ options: Options, clock: @escaping @Sendable () -> Instant
    ) {
        (self.archive, self.check, self.options, self.clock) = (archive, check, options, clock)
        pace = options.pace
        tally = ImportTally(items: check.seal.items)
    }

    /// Imports everything from a source, continuing an earlier import of the same dump.
    ///
    /// - Parameters:
    ///   - committed: called after each commit, on the thread that made it.
    ///   - report: called after each commit. The import ends with what it throws, and can be continued.
    package mutating func run(
        _ given: ItemSource, committed: @escaping @Sendable () -> Void, report: (ImportTally) throws -> Void
    ) throws {
        var source = given
        let earlier = try archive.importProgress()
        let resumes = earlier?.root == seal.root && earlier?.mode == options.mode && earlier?.hasRefused == false
        let first = resumes ? earlier?.nextLeaf ?? 1 : 1
        tally.resumedAt = first - 1
        var pending: Commit?
        // Nothing is written any more when this returns.
        defer { _ = try? pending?.wait() }
        while !tally.isFull {
            let (items, start) = try batch(from: &source, first: first)
            guard !items.isEmpty else { break }
            let vetted = Archive.vet(items, from: start, threads: options.threads, verifier)
            try conclude(pending, report)
            guard !tally.isFull else { break }
            try eraseWhatIsBlocked(by: items)
            let refusedBefore = !tally.isComplete
            pending = Commit(of: items, by: options.commit) { [archive, seal, options, clock] () throws(ArchiveError) in
                defer { committed() }
                return try archive.take(
                    vetted, of: seal.root, options.mode, refusedBefore: refusedBefore, at: clock())
            }
        }
        if !tally.isFull { try conclude(pending, report) }
        if !tally.isFull { try end() }
    }

    /// Erases the values of keys and signers that the items block, unless they are blocked already: the operator may have
    /// left those values on purpose.
    ///
    /// This happens before the blocks are stored. If the import is interrupted after it, the next run still finds them new and
    /// erases again; a run that continues after the blocks has nothing left to erase.
    private mutating func eraseWhatIsBlocked(by items: [DumpItem]) throws {
        let subjects = items.compactMap { item -> ArchiveSubject? in
            if item.kind == .block, case .block(let subject, _)? = DumpContent(item) { subject } else { nil }
        }
        guard !subjects.isEmpty, try erases() else { return }
        let new = try subjects.filter { try !archive.isBlocked(anyOf: [$0]) }
        tally.erased += try archive.erase(Set(new), at: clock())
    }

    /// Whether blocks erase. An archive that was empty becomes what the other one is.
    private func erases() throws -> Bool {
        try options.mode == .everything && archive.importProgress()?.isExact != true
    }

    private mutating func end() throws {
        // What was stored while its block was on its way to the disk.
        if try erases() { tally.erased += try archive.erase(blocked, at: clock()) }
        // A dump need not have the publication of each value that was published there.
        if options.mode == .everything, hasPublishedValues { _ = try archive.restorePublications(at: clock()) }
        try archive.endImport(options.isUnsealed ? nil : check.header, check.seal)
    }

    private mutating func batch(from source: inout ItemSource, first: Int) throws -> ([DumpItem], start: Int) {
        var items: [DumpItem] = []
        items.reserveCapacity(pace.items)
        if let item = waiting.take() { items.append(item) }
        while items.count < pace.items, let item = try source.next() {
            if source.leafCount - 1 < first {
                notePublished(item)
            } else if let last = items.last, last.kind != .block, item.kind == .block {
                // The values before it must be in the archive before it erases anything.
                waiting = item
                return (items, source.leafCount - 1 - items.count)
            } else {
                items.append(item)
            }
        }
        return (items, source.leafCount - items.count)
    }

    private mutating func conclude(_ commit: Commit?, _ report: (ImportTally) throws -> Void) throws {
        guard let commit else { return }
        let outcomes = try commit.wait()
        pace.note(commit.duration)
        for (item, outcome) in zip(commit.items, outcomes) {
            tally.add(outcome, item)
            if outcome == .taken { note(item) }
        }
        try report(tally)
    }

    private mutating func note(_ item: DumpItem) {
        if item.kind == .block, case .block(let subject, _)? = DumpContent(item) { blocked.insert(subject) }
        notePublished(item)
    }

    private mutating func notePublished(_ item: DumpItem) {
        guard item.kind == .value, !hasPublishedValues, case .value(let record, _)? = DumpContent(item) else { return }
        hasPublishedValues = record.provenance == .publishedHere && !record.isWithdrawn
    }
}

/// A batch that is committed in the background.
private final class Commit: Sendable {
    let items: [DumpItem]
    private let result = Mutex<(outcomes: Result<[ImportOutcome], ArchiveError>?, duration: Duration)>((nil, .zero))
    private let isDone = DispatchSemaphore(value: 0)

    init(
        of items: [DumpItem], by perform: (@escaping @Sendable () -> Void) -> Void,
        _ body: @escaping @Sendable () throws(ArchiveError) -> [ImportOutcome]
    ) {
        self.items = items
        perform { [self] in
            let begun = ContinuousClock.now
            let outcomes = Result { () throws(ArchiveError) in try body() }
            result.withLock { $0 = (outcomes, ContinuousClock.now - begun) }
            isDone.signal()
        }
    }

    /// The outcomes, once they are there. Can be asked for several times.
    func wait() throws(ArchiveError) -> [ImportOutcome] {
        isDone.wait()
        isDone.signal()
        return try result.withLock { $0.outcomes }?.get() ?? []
    }

    /// How long it took.
    var duration: Duration { result.withLock { $0.duration } }
}
