internal import Archive
internal import Console
internal import Dispatch
internal import IPv8
internal import Synchronization

/// An import under way: signatures of the next items are checked while those before are being committed.
struct Importing {
    private let archive: Archive
    private let seal: DumpSeal
    private let mode: ImportMode
    private let threads: Int
    private let verifier = SignatureVerifier()
    private var progress = ProgressLine()
    /// The result so far.
    private(set) var summary = ImportSummary()

    private static let batchItems = 4096

    init(_ archive: Archive, _ seal: DumpSeal, _ mode: ImportMode, threads: Int) {
        (self.archive, self.seal, self.mode, self.threads) = (archive, seal, mode, threads)
        summary.root = seal.root.description
        summary.signedBy = seal.signature?.signer.mid.description
        summary.items = seal.items
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
            try archive.endImport()
            try followIndex()
        }
        progress.end()
        summary.seconds = Double(progress.elapsed.nanoseconds) / 1e9
    }

    private func batch(from source: inout ItemSource, first: Int) throws -> ([DumpItem], start: Int) {
        var items: [DumpItem] = []
        items.reserveCapacity(Importing.batchItems)
        while items.count < Importing.batchItems, let item = try source.next() {
            if source.leafCount - 1 >= first { items.append(item) }
        }
        return (items, source.leafCount - items.count)
    }

    private mutating func conclude(_ commit: Commit) throws {
        let outcomes = try commit.wait()
        for (item, outcome) in zip(commit.items, outcomes) { summary.add(outcome, item) }
        let done = summary.done
        let rate = Int(Double(done) / (Double(progress.elapsed.nanoseconds) / 1e9))
        progress.show(
            "\(done + summary.resumedAt) of \(summary.items) items, \(rate) a second, "
                + "\(summary.refusedCount) refused")
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
