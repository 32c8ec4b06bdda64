internal import IPv8

/// Compares the table `order` with the values that it orders.
extension ReadTransaction {
    /// Reports each target whose order is missing or does not fit its sound values. Damaged records of the table are reported
    /// elsewhere.
    func checkOrder(_ tell: (VerifyFinding) -> Void) throws(ArchiveError) {
        for target in try targetsToOrder() {
            guard try !isOrdered(target),
                try soundOrder(of: target).count > OrderRule.valuesMax
            else { continue }
            tell(VerifyFinding(table: Table.order.name, key: target.bytes, fault: "is missing for this key"))
        }
        var after: [UInt8] = []
        while let target = try nextOrderedTarget(after: after) {
            if let fault = try faultInOrder(of: target) {
                tell(VerifyFinding(table: Table.order.name, key: target.bytes, fault: fault))
            }
            after = target.bytes + [UInt8](repeating: 0xFF, count: OrderKey.byteCount)
        }
    }

    private func nextOrderedTarget(after key: [UInt8]) throws(ArchiveError) -> Target? {
        var target: Target?
        try forEach(.order, prefix: [], after: key) { (key, _) throws(ArchiveError) in
            if key.count >= Bits160.byteCount { target = Target(bits: key.bits160(at: 0)) }
            return target == nil
        }
        return target
    }

    private func faultInOrder(of target: Target) throws(ArchiveError) -> String? {
        var places: [OrderKey] = []
        var hasDamage = false
        try forEach(.order, prefix: target.bytes) { (key, value) throws(ArchiveError) in
            hasDamage = hasDamage || RecordChecksum.body(of: value, key: key, table: .order) == nil
            if let place = OrderKey(key) { places.append(place) }
            return true
        }
        guard !hasDamage else { return nil }
        guard try orderedCount(target) == places.count else {
            return "does not say that there are \(places.count) values in order"
        }
        let order = try soundOrder(of: target)
        guard places != order else { return nil }
        // What has been damaged since it was stored may still have its place.
        var expected = Set(order)
        for place in places where expected.remove(place) == nil {
            let isDamaged = try place.entry.withBytes { (key) throws(ArchiveError) in
                try get(.entries, key).map { EntryRecord($0, key: key) == nil } ?? false
            }
            if !isDamaged { return "has a place for a value that is not there" }
        }
        return expected.isEmpty ? nil : "has no place for \(expected.count) of the values"
    }
}
