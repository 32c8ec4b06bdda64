internal import Archive
internal import IPv8
internal import Logging
internal import Maintenance
internal import Platform

/// The node's key, and what follows when it has another one.
extension BristleconeNode {
    /// Refuses a key that the archive does not belong to. An archive that belongs to nobody is this node's from now on.
    ///
    /// - Returns: whether values that were published under another key are to be published under this one.
    static func checkOwner(
        of archive: Archive, _ folder: DataFolder, _ logger: Logger
    ) throws(NodeError) -> Bool {
        let mid = folder.identity.publicKey.mid
        let owner: ArchiveOwner?
        do throws(ArchiveError) {
            owner = try archive.owner()
            if owner == nil { try archive.give(to: ArchiveOwner(mid: mid, isNew: false), at: ClockReading.now().wall) }
        } catch {
            logger.warning("The node cannot tell whether the archive belongs to its key: \(error)")
            return false
        }
        guard let owner else { return false }
        guard owner.mid == mid else {
            archive.close()
            throw NodeError(
                DataFolderError.otherKey(
                    path: folder.path, found: mid.description, expected: owner.mid.description))
        }
        return owner.isNew
    }

    /// Signs and publishes anew what was published under another key, and withdraws the old values. If the node ends
    /// meanwhile, the next start does the rest.
    func publishUnderNewKey(_ logger: Logger) async {
        let own = folder.identity.publicKey
        do throws(NodeError) {
            let old = try await threads.housekeeper.run { (archive) throws(ArchiveError) in
                try archive.publishedEntries().filter { $0.entry.signature.map { $0.signer != own } ?? false }
            }
            for start in stride(from: 0, to: old.count, by: BristleconeNode.bulkMax) {
                let step = old[start..<min(start + BristleconeNode.bulkMax, old.count)]
                let fitting = step.filter {
                    ValueLimit.refusal(byteCount: $0.entry.data.count, signedWith: own.level) == nil
                }
                if fitting.count < step.count {
                    logger.error(
                        "\(step.count - fitting.count) values are too long for the new key, and stay under the old one."
                    )
                }
                let report = try await storeValues(
                    fitting.map { BulkValue(key: $0.target, data: Array($0.entry.data), signed: true) })
                let refused = Set(report.refusals.map(\.index))
                let now = loop.moment.now
                let withdrawals = fitting.enumerated().filter { !refused.contains($0.offset) }
                    .map { ArchiveChange.withdraw($0.element.target, $0.element.entry) }
                _ = try await threads.housekeeper.run { (archive) throws(ArchiveError) in
                    try archive.commit(withdrawals, at: now)
                }
                guard report.refused == 0 else {
                    return logger.error(
                        "\(report.refused) values could not be published under the new key; the next start tries again."
                    )
                }
            }
            let now = loop.moment.now
            try await threads.housekeeper.run { (archive) throws(ArchiveError) in
                try archive.give(to: ArchiveOwner(mid: own.mid, isNew: false), at: now)
            }
            if !old.isEmpty {
                logger.notice(
                    "\(old.count) values that this node published under another key are published under its new one.")
            }
        } catch {
            guard error.code != .notRunning else { return }
            logger.error("What was published under another key could not be published under the new one: \(error)")
        }
    }
}
