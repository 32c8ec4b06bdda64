internal import IPv8

extension Archive {
    /// Makes the serving order anew if records of it are missing, which its count tells.
    static func restoreOrder(
        in transaction: borrowing WriteTransaction, _ progress: (ArchiveProgress) -> Void
    ) throws(ArchiveError) {
        guard var counts = try transaction.view.counts() else { return }
        let count = try transaction.view.recordCount(.order)
        guard let written = counts.statements?[.order], written != count else { return }
        try transaction.rebuildOrder()
        counts.statements?.add(try transaction.view.recordCount(.order) - written, to: .order)
        var encoder = RecordEncoder()
        encoder.encode(counts)
        try transaction.put(.meta, &encoder)
        progress(.orderRestored)
    }

    /// Makes the serving order anew if it is damaged or not that of the values; the counts are left to the caller.
    ///
    /// - Returns: whether it was.
    func restoreOrder() throws(ArchiveError) -> Bool {
        try environment.write { (transaction) throws(ArchiveError) in
            var isWrong = false
            try OrderCheck.run(in: transaction.view) { _ in isWrong = true }
            try transaction.view.forEach(.order, prefix: []) { (key, value) throws(ArchiveError) in
                isWrong = isWrong || RecordChecksum.body(of: value, key: key, table: .order) == nil
                return !isWrong
            }
            if isWrong { try transaction.rebuildOrder() }
            return isWrong
        }
    }
}
