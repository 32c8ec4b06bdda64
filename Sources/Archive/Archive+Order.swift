internal import IPv8

extension WriteTransaction {
    /// Makes the serving order anew if records of it are missing, which its count tells.
    func restoreOrder(_ progress: (ArchiveProgress) -> Void) throws(ArchiveError) {
        guard var counts = try view.counts() else { return }
        let count = try view.recordCount(.order)
        guard let written = counts.statements?[.order], written != count else { return }
        try rebuildOrder()
        counts.statements?.add(try view.recordCount(.order) - written, to: .order)
        var encoder = RecordEncoder()
        encoder.encode(counts)
        try put(.meta, &encoder)
        progress(.orderRestored)
    }
}

extension Archive {
    /// Makes the serving order anew if it is damaged or not that of the values; the counts are left to the caller.
    ///
    /// - Returns: whether it was.
    func restoreOrder() throws(ArchiveError) -> Bool {
        try environment.write { (transaction) throws(ArchiveError) in
            var isWrong = false
            try transaction.view.checkOrder { _ in isWrong = true }
            try transaction.view.forEach(.order, prefix: []) { (key, value) throws(ArchiveError) in
                isWrong = isWrong || RecordChecksum.body(of: value, key: key, table: .order) == nil
                return !isWrong
            }
            if isWrong { try transaction.rebuildOrder() }
            return isWrong
        }
    }
}
