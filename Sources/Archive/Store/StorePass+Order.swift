internal import IPv8

/// Maintains the table `order`. Every value enters the serving window through `write` and leaves it through `drop`, and only
/// these two change the order. A refresh changes neither version nor first seen, so it moves nothing.
extension StorePass {
    /// Adds a value that has just been written.
    ///
    /// - Parameter neighbours: how many values its target had before, counted to ``OrderRule/valuesMax`` at most.
    mutating func enterOrder(_ key: EntryKey, _ facts: EntryFacts, neighbours: Int) throws(ArchiveError) {
        // Few targets have so many values. The others cost nothing here.
        guard neighbours >= OrderRule.valuesMin - 1 else { return }
        if let count = try transaction.view.orderedCount(key.target) {
            let place = OrderKey(key, version: facts.version, firstSeen: facts.firstSeen)
            try transaction.putPlace(place, &encoder)
            try transaction.putOrderedCount(count + 1, of: key.target, &encoder)
        } else if neighbours >= OrderRule.valuesMax {
            try transaction.rebuildOrder(key.target, &encoder)
        }
    }

    /// Moves a value that is about to be replaced by another version.
    mutating func moveInOrder(_ key: EntryKey, to facts: EntryFacts) throws(ArchiveError) {
        guard try transaction.view.isOrdered(key.target) else { return }
        if try !transaction.deletePlace(of: key) {
            try transaction.rebuildOrder(key.target, &encoder)
            _ = try transaction.deletePlace(of: key)
        }
        try transaction.putPlace(OrderKey(key, version: facts.version, firstSeen: facts.firstSeen), &encoder)
    }

    /// Removes the place of a value that is about to be deleted.
    mutating func leaveOrder(_ key: EntryKey) throws(ArchiveError) {
        guard try transaction.view.isOrdered(key.target) else { return }
        var count = try transaction.view.orderedCount(key.target) ?? 0
        let isDeleted = count > 0 ? try transaction.deletePlace(of: key) : false
        if !isDeleted {
            // The value or the order is damaged. The sound values tell the order.
            try transaction.rebuildOrder(key.target, &encoder)
            count = try transaction.view.orderedCount(key.target) ?? 0
            if try !transaction.deletePlace(of: key) { count += 1 }
        }
        guard count > OrderRule.valuesMin else { return try transaction.clearOrder(key.target) }
        try transaction.putOrderedCount(count - 1, of: key.target, &encoder)
    }
}

extension WriteTransaction {
    /// Rebuilds the order of a target from its sound values.
    func rebuildOrder(_ target: Target, _ encoder: inout RecordEncoder) throws(ArchiveError) {
        try clearOrder(target)
        let keys = try view.soundOrder(of: target)
        for key in keys { try putPlace(key, &encoder) }
        try putOrderedCount(keys.count, of: target, &encoder)
    }

    /// Deletes the order of a target, or of all.
    fileprivate func clearOrder(_ target: Target?) throws(ArchiveError) {
        while let key = try view.firstKey(.order, prefix: target?.bytes ?? []) { try delete(.order, key) }
    }

    /// Deletes a value's place; false if there is none, or if the value is damaged.
    fileprivate func deletePlace(of key: EntryKey) throws(ArchiveError) -> Bool {
        let place = try key.withBytes { (bytes) throws(ArchiveError) -> [UInt8]? in
            guard let value = try view.get(.entries, bytes), let record = EntryRecord(value, key: bytes) else {
                return nil
            }
            return OrderKey(key, version: record.version, firstSeen: record.firstSeen).bytes
        }
        guard let place, try view.has(.order, place) else { return false }
        try delete(.order, place)
        return true
    }

    fileprivate func putPlace(_ key: OrderKey, _ encoder: inout RecordEncoder) throws(ArchiveError) {
        encoder.encodeEmpty(key.bytes, in: .order)
        try put(.order, &encoder)
    }

    fileprivate func putOrderedCount(
        _ count: Int, of target: Target, _ encoder: inout RecordEncoder
    ) throws(ArchiveError) {
        encoder.encodeOrder(target, count: count)
        try put(.order, &encoder)
    }

    /// Rebuilds the whole table.
    func rebuildOrder() throws(ArchiveError) {
        try clearOrder(nil)
        var encoder = RecordEncoder()
        for target in try view.targetsToOrder() { try rebuildOrder(target, &encoder) }
    }
}

extension ReadTransaction {
    /// The places of a target's sound values, in the order in which they are served.
    func soundOrder(of target: Target) throws(ArchiveError) -> [OrderKey] {
        var keys: [OrderKey] = []
        try forEachEntry(under: target) { (key, value) throws(ArchiveError) in
            guard let entry = EntryKey(key), let record = EntryRecord(value, key: key) else { return }
            keys.append(OrderKey(entry, version: record.version, firstSeen: record.firstSeen))
        }
        return keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// The targets that have so many values that they need an order; only keys are read.
    func targetsToOrder() throws(ArchiveError) -> [Target] {
        var targets: [Target] = []
        var current: Target?
        var count = 0
        try forEach(.entries, prefix: []) { (key, _) throws(ArchiveError) in
            guard key.count == EntryKey.byteCount else { return true }
            let target = Target(bits: key.bits160(at: 0))
            if target != current { (current, count) = (target, 0) }
            count += 1
            if count == OrderRule.valuesMax + 1 { targets.append(target) }
            return true
        }
        return targets
    }
}

extension WriteTransaction {
    /// Rebuilds the serving order if its count says that records are missing.
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
    /// Rebuilds the serving order if it is damaged or does not fit the values. The caller corrects the counts.
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
