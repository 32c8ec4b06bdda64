internal import IPv8

/// Compares the table `order` with the values that it orders.
enum OrderCheck {
    /// Tells each target whose order is missing, or is not that of its sound values. Damaged records of the table are left
    /// to whoever checks records.
    static func run(
        in transaction: borrowing ReadTransaction, _ tell: (VerifyFinding) -> Void
    ) throws(ArchiveError) {
        for target in try transaction.targetsToOrder() {
            guard try !transaction.isOrdered(target),
                try transaction.soundOrder(of: target).count > OrderRule.valuesMax
            else { continue }
            tell(VerifyFinding(table: Table.order.name, key: target.bytes, fault: "is missing for this key"))
        }
        var after: [UInt8] = []
        while let target = try nextTarget(after: after, transaction) {
            if let fault = try fault(of: target, transaction) {
                tell(VerifyFinding(table: Table.order.name, key: target.bytes, fault: fault))
            }
            after = target.bytes + [UInt8](repeating: 0xFF, count: OrderKey.byteCount)
        }
    }

    private static func nextTarget(
        after key: [UInt8], _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Target? {
        var cursor = try transaction.cursor(.order)
        var isThere = try Archive.seek(behind: key, &cursor)
        while isThere {
            if cursor.key.count >= Bits160.byteCount { return Target(bits: cursor.key.bits160(at: 0)) }
            isThere = try cursor.next()
        }
        return nil
    }

    private static func fault(
        of target: Target, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> String? {
        var places: [OrderKey] = []
        var hasDamage = false
        try transaction.forEach(.order, prefix: target.bytes) { (key, value) throws(ArchiveError) in
            hasDamage = hasDamage || RecordChecksum.body(of: value, key: key, table: .order) == nil
            if let place = OrderKey(key) { places.append(place) }
            return true
        }
        guard !hasDamage else { return nil }
        guard try transaction.orderedCount(target) == places.count else {
            return "does not say that there are \(places.count) values in order"
        }
        let order = try transaction.soundOrder(of: target)
        guard places != order else { return nil }
        // What has been damaged since it was stored may still have its place.
        var expected = Set(order)
        for place in places where expected.remove(place) == nil {
            let isDamaged = try place.entry.withBytes { (key) throws(ArchiveError) in
                try transaction.get(.entries, key).map { EntryRecord($0, key: key) == nil } ?? false
            }
            if !isDamaged { return "has a place for a value that is not there" }
        }
        return expected.isEmpty ? nil : "has no place for \(expected.count) of the values"
    }
}
