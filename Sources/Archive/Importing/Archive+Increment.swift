package import IPv8
internal import Synchronization

/// Why an increment cannot be applied. After one of these errors, no part of it has been.
///
/// The description of each is the end of a sentence that begins with the increment's name.
package enum IncrementRefusal: Error, Equatable, Sendable {
    /// It is of another archive than the one that this is a copy of.
    case otherArchive(of: String, here: String)
    /// It begins after a later change than the archive has.
    case gap(from: UInt64, here: UInt64)
    /// The archive has all of it.
    case applied(to: UInt64, here: UInt64)
    /// It begins before the archive's last change and ends behind it.
    case overlap(from: UInt64, here: UInt64)
    /// The changes before it are others than those of the archive.
    case otherCourse(change: UInt64)
    /// It was salvaged from a damaged one, or records were left out of it.
    case incomplete
    /// An item contradicts itself, or has a wrong signature.
    case badItem(String)
    /// It has more items than may be applied at once.
    case tooLong(items: Int, max: Int)
    /// The file is another one than the one that was checked.
    case altered
}

extension IncrementRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .otherArchive(let other, let here):
            "is an increment of archive \(other), and this is a copy of archive \(here), or has changes of its own: import a "
                + "whole dump of \(other) into an empty folder first."
        case .gap(let from, let here):
            "begins after change \(from), and the archive is at change \(here): import the increments between them first."
        case .applied(let to, let here):
            "ends with change \(to), and the archive is at change \(here): it has been imported already."
        case .overlap(let from, let here):
            "begins after change \(from), and the archive is at change \(here): export one with --after-change \(here)."
        case .otherCourse(let change):
            "follows another change \(change) than the archive has: the other archive was restored from a backup since; import "
                + "a whole dump into an empty folder."
        case .incomplete:
            "lacks records, so the archive would not have all of them: export it again, or import a whole dump into an "
                + "empty folder."
        case .badItem(let detail): "has \(detail): export it again."
        case .tooLong(let items, let max):
            "has \(items) records, and a running node applies up to \(max) at once: stop the node and use "
                + "\"bristlecone-dump import\"."
        case .altered: "was altered while it was read: import it again."
        }
    }
}

/// What an increment came to.
package struct IncrementResult: Hashable, Sendable {
    /// Records that were put there, and those that were removed.
    package var put = 0
    package var removed = 0
    /// Records that were erased because the other archive has forgotten them.
    package var forgotten = 0
}

extension Archive {
    /// Why an increment does not follow what the archive has; `nil` if it does.
    package func refusal(of header: DumpHeader) throws(ArchiveError) -> IncrementRefusal? {
        try environment.read { (transaction) throws(ArchiveError) in
            try transaction.refusal(of: header, identity.archiveID)
        }
    }

    /// Applies an increment in one durable transaction, so that the archive is the same copy of a later state, or nothing has
    /// happened.
    ///
    /// The items have been checked before, as their signatures have. What the other archive has forgotten is erased here too,
    /// and overwritten on the disk by the steps of ``wipeStep(at:)``.
    ///
    /// - Parameters:
    ///   - hashes: those of the forgotten items, which have to be found first.
    ///   - next: the next item; `nil` at the end, once everything was found to be as it was when it was checked.
    package func apply(
        _ header: DumpHeader, forgotten hashes: Set<Digest256>, at now: Instant, next: () throws -> DumpItem?
    ) throws -> IncrementResult {
        let result = try applyItems(header, forgotten: hashes, at: now, next: next)
        try forgetInJournal(hashes, at: now)
        return result
    }

    /// The transaction; the journal has the forgotten keys until ``forgetInJournal(_:at:)``.
    func applyItems(
        _ header: DumpHeader, forgotten hashes: Set<Digest256>, at now: Instant, next: () throws -> DumpItem?
    ) throws -> IncrementResult {
        // LMDB's closures throw errors of the archive only.
        var failure: (any Error)?
        do throws(ArchiveError) {
            return try inPass(at: now, false) { (pass) throws(ArchiveError) in
                do {
                    return try pass.apply(header, identity.archiveID, hashes, next)
                } catch let error as ArchiveError {
                    throw error
                } catch {
                    failure = error
                    throw .failed(operation: "importing", reason: "\(error)")
                }
            }
        } catch {
            throw failure ?? error
        }
    }

    /// Takes forgotten keys out of the journal, of which hashes are known.
    func forgetInJournal(_ hashes: Set<Digest256>, at now: Instant) throws(ArchiveError) {
        guard !hashes.isEmpty else { return }
        wiping.withLock { $0.isOutdated = true }
        var place: ForgottenChanges? = try beginForgettingChanges()
        while let next = place { place = try forgetChanges(of: .hashes(hashes), next, at: now) }
    }
}

extension ReadTransaction {
    fileprivate func refusal(
        of header: DumpHeader, _ archiveID: [UInt8]
    ) throws(ArchiveError) -> IncrementRefusal? {
        guard let start = header.start, let end = header.origin else { return .incomplete }
        let here = try origin(of: archiveID)
        guard here.archiveID == end.archiveID else { return .otherArchive(of: end.archive, here: here.archive) }
        guard here.change >= start.change else { return .gap(from: start.change, here: here.change) }
        guard here.change == start.change else {
            return here.change >= end.change
                ? .applied(to: end.change, here: here.change) : .overlap(from: start.change, here: here.change)
        }
        guard here.checksum == start.checksum else { return .otherCourse(change: start.change) }
        return header.isSalvaged ? .incomplete : nil
    }
}

extension StorePass {
    fileprivate mutating func apply(
        _ header: DumpHeader, _ archiveID: [UInt8], _ hashes: Set<Digest256>, _ next: () throws -> DumpItem?
    ) throws -> IncrementResult {
        if let refusal = try transaction.view.refusal(of: header, archiveID) { throw refusal }
        var result = IncrementResult()
        if !hashes.isEmpty { result.forgotten = try removeForgotten(hashes) }
        while true {
            // Also before the first item and after the last: a transaction that is tried again for want of room would go on
            // behind the items that the first attempt took.
            if let refusal = try refusalToGrow() { throw ArchiveError.refused(refusal) }
            guard let item = try next() else { break }
            switch item.state {
            case .forgotten: break
            case .gone:
                try remove(item.kind, item.key)
                result.removed += 1
            case .present:
                guard let content = DumpContent(item) else { throw IncrementRefusal.altered }
                try put(item, content)
                result.put += 1
            }
        }
        if let origin = header.origin {
            encoder.encode(CopyRecord(of: origin, own: journal))
            try transaction.put(.meta, &encoder)
        }
        return result
    }

    /// Removes the records whose keys have these hashes.
    private mutating func removeForgotten(_ hashes: Set<Digest256>) throws(ArchiveError) -> Int {
        var found: [(DumpItem.Kind, [UInt8])] = []
        let digests = ShortDigests()
        for kind in DumpItem.Kind.allCases {
            for table in kind.tables {
                try transaction.view.forEach(table, prefix: []) { (key, _) throws(ArchiveError) in
                    let key = Array(key)
                    if hashes.contains(JournalRecord.hash(of: key, kind, digests)) { found.append((kind, key)) }
                    return true
                }
            }
        }
        guard !found.isEmpty else { return 0 }
        for (kind, key) in found { try remove(kind, key, because: .valueForgotten) }
        try noteForgotten()
        return found.count
    }
}
