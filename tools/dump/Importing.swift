internal import Archive
internal import Console
internal import Dispatch
internal import IPv8
internal import Synchronization

/// An import under way: signatures of the next items are checked while those before are being committed.
struct Importing {
    private let archive: Archive
    private let check: DumpCheck
    private var seal: DumpSeal { check.seal }
    private let isUnsealed: Bool
    private let mode: ImportMode
    private let threads: Int
    private let verifier = SignatureVerifier()
    private var progress = ProgressLine()
    /// The keys and signers that this import has blocked.
    private var blocked: Set<ArchiveSubject> = []
    /// Whether it has brought values that were published where the dump was made.
    private var hasPublishedValues = false
    /// The result so far.
    private(set) var summary = ImportSummary()

    private static let batchItems = 4096

    init(_ archive: Archive, _ check: DumpCheck, _ mode: ImportMode, threads: Int, isUnsealed: Bool) {
        (self.archive, self.check, self.mode, self.threads) = (archive, check, mode, threads)
        self.isUnsealed = isUnsealed
        summary.root = check.seal.root.description
        summary.signedBy = check.seal.signature?.signer.mid.description
        summary.items = check.seal.items
    }

    /// Imports everything from a source, continuing an earlier import of the same dump.
    mutating func run(_ given: ItemSource) throws {
        var source = given
        let earlier = try archive.importProgress()
        let resumes = earlier?.root == seal.root && earlier?.mode == mode && earlier?.hasRefused == false
        let first = resumes ? earlier?.nextLeaf ?? 1 : 1
        summary.resumedAt = first - 1
        var pending: Commit?
        while !summary.isFull {
            let (items, start) = try batch(from: &source, first: first)
            guard !items.isEmpty else { break }
            let vetted = Archive.vet(items, from: start, threads: threads, verifier)
            if let pending { try conclude(pending) }
            pending =
                summary.isFull
                ? nil : Commit(archive, vetted, items, seal.root, mode, refusedBefore: !summary.isComplete)
        }
        if let pending { try conclude(pending) }
        if !summary.isFull {
            // A block has the last word over what was here before. An archive that was empty becomes what the other one is.
            if mode == .everything, try archive.importProgress()?.isExact != true {
                summary.erased = try archive.erase(blocked, at: DumpOptions.now)
            }
            // A dump need not have the publication of each value that was published there.
            if mode == .everything, hasPublishedValues { _ = try archive.restorePublications(at: DumpOptions.now) }
            try archive.endImport(isUnsealed ? nil : check.header, check.seal)
            try followIndex()
        }
        progress.end()
        summary.seconds = Double(progress.elapsed.nanoseconds) / 1e9
    }

    private mutating func batch(from source: inout ItemSource, first: Int) throws -> ([DumpItem], start: Int) {
        var items: [DumpItem] = []
        items.reserveCapacity(Importing.batchItems)
        while items.count < Importing.batchItems, let item = try source.next() {
            if source.leafCount - 1 >= first { items.append(item) } else { note(item) }
        }
        return (items, source.leafCount - items.count)
    }

    private mutating func conclude(_ commit: Commit) throws {
        let outcomes = try commit.wait()
        for (item, outcome) in zip(commit.items, outcomes) {
            summary.add(outcome, item)
            if outcome == .taken { note(item) }
        }
        let done = summary.done
        let rate = Int(Double(done) / (Double(progress.elapsed.nanoseconds) / 1e9))
        progress.show(
            "\(done + summary.resumedAt) of \(summary.items) items, \(rate) a second, "
                + "\(summary.refusedCount) refused")
    }

    private mutating func note(_ item: DumpItem) {
        switch item.kind {
        case .block:
            if case .block(let subject, _)? = DumpContent(item) { blocked.insert(subject) }
        case .value:
            if !hasPublishedValues, case .value(let record, _)? = DumpContent(item) {
                hasPublishedValues = record.provenance == .publishedHere && !record.isWithdrawn
            }
        default: break
        }
    }

    /// The index is a convenience: its failure does not stop an import.
    private mutating func followIndex() throws {
        while true {
            do {
                if try archive.follow().isCurrent { return }
            } catch .index(let detail) {
                summary.indexFailure = detail
                return
            }
            progress.show("updating the index")
        }
    }
}

/// A batch that is committed in the background.
private final class Commit: Sendable {
    let items: [DumpItem]
    private let result = Mutex<Result<[ImportOutcome], ArchiveError>?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    init(
        _ archive: Archive, _ vetted: VettedItems, _ items: [DumpItem], _ root: Digest256, _ mode: ImportMode,
        refusedBefore: Bool
    ) {
        self.items = items
        DispatchQueue.global(qos: .userInitiated).async { [self] in
            let outcomes = Result { () throws(ArchiveError) in
                try archive.take(vetted, of: root, mode, refusedBefore: refusedBefore, at: DumpOptions.now)
            }
            // Keeps the journal short; the index catches up at the end.
            _ = try? archive.follow()
            result.withLock { $0 = outcomes }
            isDone.signal()
        }
    }

    func wait() throws -> [ImportOutcome] {
        isDone.wait()
        return try result.withLock { try $0?.get() ?? [] }
    }
}
