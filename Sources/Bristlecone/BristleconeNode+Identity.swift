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
            if owner == nil {
                try archive.give(to: ArchiveOwner(mid: mid, isNew: false), at: ClockReading.now().wall)
                try tellOfOtherKeys(in: archive, mid, logger)
            }
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

    /// A lost index no longer tells whether values of another key were to be published under this one.
    private static func tellOfOtherKeys(in archive: Archive, _ own: Mid, _ logger: Logger) throws(ArchiveError) {
        let count = try archive.publishedEntries(signedByOthersThan: own).count
        guard count > 0 else { return }
        logger.notice(
            "\(count) values that were published here are signed with another key, and stay so; to have one under this node's key, store it again."
        )
    }

    /// Signs and publishes anew what was published under another key, and withdraws the old values. If the node ends
    /// meanwhile, or some values are refused, the next start does the rest.
    func publishUnderNewKey(_ logger: Logger) async {
        let own = folder.identity.publicKey.mid
        do throws(NodeError) {
            let old = try await threads.housekeeper.run { (archive) throws(ArchiveError) in
                try archive.publishedEntries(signedByOthersThan: own)
            }
            var count = 0
            for start in stride(from: 0, to: old.count, by: BristleconeNode.bulkMax) {
                let step = old[start..<min(start + BristleconeNode.bulkMax, old.count)]
                // Since the list was made, some may have been withdrawn or forgotten.
                let published = try await threads.housekeeper.run { (archive) throws(ArchiveError) in
                    var published: [(target: Target, entry: Entry)] = []
                    for (target, entry) in step {
                        if try archive.isPublished(entry, under: target) { published.append((target, entry)) }
                    }
                    return published
                }
                guard let moved = try await publishAnew(published, logger) else { return }
                count += moved
            }
            let now = loop.moment.now
            try await threads.housekeeper.run { (archive) throws(ArchiveError) in
                try archive.give(to: ArchiveOwner(mid: own, isNew: false), at: now)
            }
            if count > 0 {
                logger.notice("Values of the node's former key that are published under its new one: \(count).")
            }
        } catch {
            guard error.code != .notRunning else { return }
            logger.error("What was published under another key could not be published under the new one: \(error)")
        }
    }

    /// Publishes values under the node's key, and withdraws the old ones once all of the new ones are stored. Those that the
    /// node can never publish, because they are too long for its key or blocked, stay under the old key.
    ///
    /// - Returns: how many were published; `nil` if some were refused for a reason that may pass.
    private func publishAnew(
        _ old: [(target: Target, entry: Entry)], _ logger: Logger
    ) async throws(NodeError) -> Int? {
        var values: [BulkValue] = []
        var withdrawals: [ArchiveChange] = []
        for (target, entry) in old {
            let value = BulkValue(key: target, data: Array(entry.data), signed: true)
            guard refusal(of: value) == nil else { continue }
            values.append(value)
            withdrawals.append(.withdraw(target, entry))
        }
        if values.count < old.count {
            logger.error(
                "\(old.count - values.count) of \(old.count) values stay under the old key, because they are too long for the new one or blocked."
            )
        }
        let report = try await storeValues(values)
        guard report.refused == 0 else {
            logger.error(
                "\(report.refused) values could not be published under the new key; the next start tries again.")
            return nil
        }
        let moment = loop.moment
        _ = try await threads.housekeeper.run { [withdrawals] (archive) throws(ArchiveError) in
            try archive.commit(withdrawals, at: moment.now, clockIsSteady: moment.isSteady)
        }
        return values.count
    }
}
