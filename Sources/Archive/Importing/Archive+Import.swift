internal import Dispatch
package import IPv8
internal import Synchronization

extension Archive {
    /// Reads items and checks their signatures, on several threads.
    ///
    /// - Parameter start: the place of the first one among the leaves of its dump.
    package static func vet(
        _ items: [DumpItem], from start: Int, threads: Int, _ verifier: SignatureVerifier
    ) -> VettedItems {
        let contents = Mutex([(DumpContent?, ImportRefusal?)](repeating: (nil, .malformed), count: items.count))
        let part = max(1, (items.count + threads - 1) / max(1, threads))
        DispatchQueue.concurrentPerform(iterations: (items.count + part - 1) / part) { number in
            let range = number * part..<min(items.count, (number + 1) * part)
            let vetted = items[range].map { item -> (DumpContent?, ImportRefusal?) in
                guard let content = DumpContent(item) else { return (nil, .malformed) }
                let isAuthentic = content.entries.allSatisfy { $0.isAuthentic(accordingTo: verifier) }
                return (content, isAuthentic ? nil : .signature)
            }
            contents.withLock { $0.replaceSubrange(range, with: vetted) }
        }
        let vetted = contents.withLock { $0 }
        return VettedItems(items: zip(items, vetted).map { ($0, $1.0, $1.1) }, start: start)
    }

    /// Offers items to the archive in one durable transaction, which also notes how far the import is.
    ///
    /// Each goes through the rules that every store obeys: blocks, floors, versions, quotas. None displaces anything. Where
    /// the archive or its disk turns out to be full, the items from there on are refused with `full`, and the import goes
    /// on with the first of them.
    ///
    /// - Parameter refusedBefore: whether any of the items before was refused or in conflict.
    /// - Returns: an outcome for each item.
    package func take(
        _ vetted: VettedItems, of root: Digest256, _ mode: ImportMode, refusedBefore: Bool = false, at now: Instant
    ) throws(ArchiveError) -> [ImportOutcome] {
        try inPass(at: now, true) { (pass) throws(ArchiveError) in
            pass.trimsJournalByAge = false
            var outcomes: [ImportOutcome] = []
            outcomes.reserveCapacity(vetted.count)
            var isFull = false
            let isExactBefore = try pass.transaction.view.isExact(before: vetted, of: root, mode)
            pass.fitsBudgets = options.copiesFitBudgets || !isExactBefore
            for (item, content, refusal) in vetted.items {
                if isFull {
                    outcomes.append(.refused(.full))
                } else if let refusal {
                    outcomes.append(.refused(refusal))
                } else if let content {
                    let outcome = try pass.adopt(content, item, mode, isCopy: isExactBefore)
                    isFull = outcome == .refused(.full)
                    outcomes.append(outcome)
                }
            }
            let done = outcomes.firstIndex(of: .refused(.full)) ?? outcomes.count
            if done > 0 {
                let hasRefused = refusedBefore || !outcomes[..<done].allSatisfy(\.isAccepted)
                pass.encoder.encode(
                    ImportProgress(
                        mode: mode, root: root, nextLeaf: vetted.start + done, hasRefused: hasRefused,
                        isExact: isExactBefore && outcomes.allSatisfy { $0 == .taken }))
                try pass.transaction.put(.meta, &pass.encoder)
            }
            return outcomes
        }
    }

    /// How far the last import is that was interrupted; `nil` if none was.
    package func importProgress() throws(ArchiveError) -> ImportProgress? {
        try environment.read { (transaction) throws(ArchiveError) in try transaction.importProgress() }
    }

    /// Notes that an import is complete. If the archive then has exactly what a whole dump has, it is a copy of that state of
    /// the other archive, and increments can follow.
    ///
    /// - Parameters:
    ///   - header: of the dump; `nil` for lines that somebody has picked.
    ///   - seal: of the dump.
    package func endImport(_ header: DumpHeader? = nil, _ seal: DumpSeal? = nil) throws(ArchiveError) {
        try environment.write { (transaction) throws(ArchiveError) in
            let progress = try transaction.view.importProgress()
            try transaction.delete(.meta, Array(ImportProgress.key.utf8))
            guard let header, header.isWhole, let origin = header.origin, let seal, seal.leftOut == 0,
                progress?.isExact ?? (seal.items == 0), try transaction.view.itemCount() == seal.items
            else { return }
            var encoder = RecordEncoder()
            encoder.encode(CopyRecord(of: origin, own: try transaction.view.journalEnd()))
            try transaction.put(.meta, &encoder)
        }
    }
}

extension ReadTransaction {
    func importProgress() throws(ArchiveError) -> ImportProgress? {
        try lend(Array(ImportProgress.key.utf8)) { (key) throws(ArchiveError) in
            try get(.meta, key).flatMap { ImportProgress($0, key: key) }
        }
    }

    /// Whether the archive has exactly what the dump has before some items.
    fileprivate func isExact(
        before items: VettedItems, of root: Digest256, _ mode: ImportMode
    ) throws(ArchiveError) -> Bool {
        guard mode == .everything else { return false }
        if items.start == 1 { return try itemCount() == 0 }
        guard let progress = try importProgress(), progress.root == root else { return false }
        return progress.isExact && progress.nextLeaf == items.start
    }

    /// How many items a dump of the archive would have, damaged records included.
    fileprivate func itemCount() throws(ArchiveError) -> Int {
        var count = 0
        for table in DumpItem.Kind.allCases.flatMap(\.tables) { count += try recordCount(table) }
        return count
    }
}
