public import IPv8
internal import Synchronization

/// How far overwriting of forgotten records is.
public struct WipeStep: Hashable, Sendable {
    /// Pages of the archive that have been gone through, of so many.
    public var donePages: Int
    /// How many pages the archive has.
    public var totalPages: Int
    /// Whether somebody still reads the archive as it was before, so that the rest has to wait for them.
    public var waitsForReader: Bool
    /// Whether the forgotten bytes are gone from all of the archive's files.
    public var isDone: Bool
}

/// One pass over all pages. When it ends, everything forgotten before its beginning is off the disk.
struct WipePass {
    /// The page that comes next.
    var next: UInt64 = 2
    var lastPage: UInt64 = 2
    /// Free pages that could not be overwritten because a snapshot in use may hold them, in order.
    var held: [UInt64] = []
    /// Those that could not be overwritten at the second look either.
    var stillHeld: [UInt64] = []
    /// How many there were when the last round over them began; `nil` between two rounds.
    var heldBefore: Int?
    /// Whether the last round over them came to nothing.
    var waitsForReader = false
    /// Whether there were more of them than are remembered: then everything is gone through once more.
    var isToBeRepeated = false
}

/// The pass under way.
struct Wiping {
    var pass: WipePass?
    /// Whether something has been forgotten since it began.
    var isOutdated = false
}

extension Archive {
    /// How many pages a step goes through: two megabytes, for which writers wait.
    private static let pagesPerStep = 512
    /// Beyond so many held pages a pass is repeated instead.
    private static let heldMax = 1 << 16
    static let followStepsMax = 10_000

    /// Whether something was forgotten that may still be in the archive's files. It is noted on the disk, in the transaction
    /// that forgets, until a pass is complete.
    public func isWipeDue() throws(ArchiveError) -> Bool {
        try environment.read { (transaction) throws(ArchiveError) in
            try transaction.has(.meta, Array(WipeRecord.key.utf8))
        }
    }

    /// Takes the next step of overwriting what was forgotten; `nil` if nothing is due.
    ///
    /// A pass goes over all pages of the archive, since LMDB copies pages at will: free ones are overwritten with zeros, and
    /// in others the room between the records. Then the index gives up what it had of the forgotten. Stores go on between
    /// the steps. A pass that was interrupted begins anew.
    public func wipeStep(at now: Instant) throws(ArchiveError) -> WipeStep? {
        guard !isReadOnly else { throw .readOnly(path: environment.path) }
        guard try isWipeDue() else { return nil }
        var pass = wiping.withLock { $0.pass } ?? WipePass()
        if pass.next == 2 {
            wiping.withLock { $0 = Wiping(pass: pass) }
            // What is written from here on brings nothing back.
            try environment.clearBuffers()
        }
        let isDone = try advance(&pass, at: now)
        let step = WipeStep(
            donePages: Int(min(pass.next, pass.lastPage + 1)), totalPages: Int(pass.lastPage + 1),
            waitsForReader: pass.waitsForReader, isDone: isDone)
        wiping.withLock { $0.pass = isDone ? nil : pass }
        return step
    }

    private func advance(_ pass: inout WipePass, at now: Instant) throws(ArchiveError) -> Bool {
        if pass.next <= pass.lastPage {
            let wiped = try environment.wipePages(from: pass.next, count: Archive.pagesPerStep)
            pass.next += UInt64(Archive.pagesPerStep)
            pass.lastPage = wiped.lastPage
            if pass.held.count + wiped.held.count <= Archive.heldMax {
                pass.held += wiped.held
            } else {
                pass.isToBeRepeated = true
            }
            return false
        }
        if let first = pass.held.first {
            if pass.heldBefore == nil {
                (pass.heldBefore, pass.waitsForReader) = (pass.held.count, false)
                try passSnapshots(at: now)
            }
            try wipeHeld(from: first, &pass)
            return false
        }
        if !pass.stillHeld.isEmpty {
            pass.waitsForReader = pass.stillHeld.count == pass.heldBefore
            (pass.held, pass.stillHeld, pass.heldBefore) = (pass.stillHeld, [], nil)
            return false
        }
        guard !pass.isToBeRepeated else {
            pass = WipePass()
            return false
        }
        let isDone = try finish(at: now)
        if !isDone { pass = WipePass() }
        return isDone
    }

    /// Commits twice, so that neither of the two snapshots in the file contains the pages that are free now.
    private func passSnapshots(at now: Instant) throws(ArchiveError) {
        for _ in 0..<2 {
            try inPass(at: now, true) { (pass) throws(ArchiveError) in
                try pass.noteForgotten()
            }
        }
    }

    /// Looks at held pages again that lie near each other.
    private func wipeHeld(from first: UInt64, _ pass: inout WipePass) throws(ArchiveError) {
        let end = first + UInt64(Archive.pagesPerStep)
        let wanted = Set(pass.held.prefix { $0 < end })
        let wiped = try environment.wipePages(from: first, count: Archive.pagesPerStep)
        pass.held.removeFirst(wanted.count)
        // What has become free since was wiped while it was in use.
        pass.stillHeld += wiped.held.filter { wanted.contains($0) }
    }

    /// - Returns: whether nothing has been forgotten since the pass began.
    private func finish(at now: Instant) throws(ArchiveError) -> Bool {
        try environment.finishWipe()
        for _ in 0..<Archive.followStepsMax {
            if try follow().isCurrent { break }
        }
        try index.giveUpDeleted()
        return try inPass(at: now, true) { (pass) throws(ArchiveError) in
            let isOutdated = wiping.withLock { $0.isOutdated }
            if !isOutdated { try pass.transaction.delete(.meta, Array(WipeRecord.key.utf8)) }
            return !isOutdated
        }
    }
}

/// That something was forgotten whose bytes are still to be overwritten: kept in the table `meta` under `wipe`.
///
/// Body: `when it was last forgotten 8`.
enum WipeRecord {
    static let key = "wipe"
}

extension StorePass {
    /// Notes that bytes of forgotten records are to be overwritten.
    mutating func noteForgotten() throws(ArchiveError) {
        encoder.encodeWipe(since: now)
        try transaction.put(.meta, &encoder)
    }
}

extension RecordEncoder {
    fileprivate mutating func encodeWipe(since: Instant) {
        begin(.meta)
        append(raw: WipeRecord.key.utf8)
        endKey()
        append(since)
    }
}
