internal import IPv8

extension Archive {
    /// Writes what a new archive begins with.
    static func begin(
        _ identity: IdentityRecord, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) {
        var encoder = RecordEncoder()
        for key in IdentityRecord.keys {
            encoder.encode(identity, under: key)
            try transaction.put(.meta, &encoder)
        }
        encoder.encode(CountsRecord())
        try transaction.put(.meta, &encoder)
    }

    /// Reads who the archive is from whichever of the two records is sound, and mends the other one.
    static func readIdentity(
        in transaction: borrowing WriteTransaction, _ damaged: inout [DamagedRecord]
    ) throws(ArchiveError) -> IdentityRecord {
        let (sound, unsound) = try transaction.view.identity()
        var encoder = RecordEncoder()
        for name in unsound {
            damaged.append(DamagedRecord(table: Table.meta.name, key: Array(name.utf8)))
            encoder.encode(sound, under: name)
            try transaction.put(.meta, &encoder)
        }
        return sound
    }

    /// Brings an archive of an earlier format to the one that this program writes, in the transaction that opens it. So a
    /// kill at any moment leaves an archive of the one format or of the other.
    ///
    /// Readers read all formats, and programs that know only the earlier one refuse the archive from now on.
    ///
    /// - Returns: the identity as it is now written.
    static func upgrade(
        _ identity: IdentityRecord, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> IdentityRecord {
        guard identity.format < IdentityRecord.format else { return identity }
        var encoder = RecordEncoder()
        try transaction.rebuildOrder()
        // If the counts are damaged, the code that finds the damage counts again and includes these numbers.
        if var counts = try transaction.view.counts() {
            counts.statements = try transaction.view.countStatements()
            encoder.encode(counts)
            try transaction.put(.meta, &encoder)
        }
        var upgraded = identity
        upgraded.format = IdentityRecord.format
        for key in IdentityRecord.keys {
            encoder.encode(upgraded, under: key)
            try transaction.put(.meta, &encoder)
        }
        return upgraded
    }

    /// Counts anew what the tables hold if the record of the counts is missing, damaged or incomplete.
    static func restoreCounts(
        in transaction: borrowing WriteTransaction, _ damaged: inout [DamagedRecord],
        _ progress: (ArchiveProgress) -> Void
    ) throws(ArchiveError) {
        guard try transaction.view.counts()?.statements == nil else { return }
        damaged.append(DamagedRecord(table: Table.meta.name, key: Array(CountsRecord.key.utf8)))
        var encoder = RecordEncoder()
        encoder.encode(try count(in: transaction, progress))
        try transaction.put(.meta, &encoder)
    }

    static func count(
        in transaction: borrowing WriteTransaction, _ progress: (ArchiveProgress) -> Void
    ) throws(ArchiveError) -> CountsRecord {
        var counts = CountsRecord()
        var target: Target?
        var walked = 0
        var cursor = try transaction.view.cursor(.entries)
        var isThere = try cursor.first()
        while isThere {
            if let key = EntryKey(cursor.key) {
                if key.target != target { counts.targets += 1 }
                target = key.target
                counts.add(key.entryClass, count: 1, bytes: EntryRecord.entryBytes(ofRecord: cursor.value.count))
            }
            walked += 1
            if walked.isMultiple(of: 100_000) { progress(.counting(entries: walked)) }
            isThere = try cursor.next()
        }
        progress(.counting(entries: walked))
        for budget in Budget.allCases {
            try transaction.view.forEach(budget.table, prefix: []) { (key, value) throws(ArchiveError) in
                counts[budget].add(Holding(count: 1, bytes: key.count + value.count))
                return true
            }
        }
        counts.statements = try transaction.view.countStatements()
        return counts
    }
}

extension ReadTransaction {
    /// Who the archive is, from whichever of the two records is sound, and the keys of those that are not.
    func identity() throws(ArchiveError) -> (sound: IdentityRecord, unsound: [String]) {
        var sound: IdentityRecord?
        var unsound: [String] = []
        var newest = 0
        for name in IdentityRecord.keys {
            var key = name
            let (identity, recordFormat) = try key.withBytes { (key) throws(ArchiveError) in
                guard let value = try get(.meta, key) else { return (nil as IdentityRecord?, 0) }
                let body = RecordChecksum.body(of: value, key: key, table: .meta)
                return (body.flatMap { IdentityRecord(body: $0) }, Int(value.first ?? 0))
            }
            newest = max(newest, recordFormat)
            if let identity { sound = sound ?? identity } else { unsound.append(name) }
        }
        guard let sound else {
            // A newer program may lay out its records in another way, but the first byte says so.
            if newest > RecordChecksum.format {
                throw .newerFormat(path: environment.path, found: newest, supported: IdentityRecord.format)
            }
            throw .damaged(path: environment.path, detail: "both copies of the archive's identity are")
        }
        guard sound.format <= IdentityRecord.format else {
            throw .newerFormat(path: environment.path, found: sound.format, supported: IdentityRecord.format)
        }
        return (sound, unsound)
    }

    /// Counts pins, blocks, publications and records of the serving order by walking over them.
    func countStatements() throws(ArchiveError) -> StatementCounts {
        var counts = StatementCounts()
        for table in StatementCounts.tables {
            try forEach(table, prefix: []) { (_, _) throws(ArchiveError) in
                counts.add(1, to: table)
                return true
            }
        }
        return counts
    }

    /// How many pins, blocks, publications and records of the serving order there are, as LMDB says.
    func statementCounts() throws(ArchiveError) -> StatementCounts {
        var counts = StatementCounts()
        for table in StatementCounts.tables { counts.add(try recordCount(table), to: table) }
        return counts
    }

    /// The counts that were last written; `nil` where their record is missing or damaged.
    func counts() throws(ArchiveError) -> CountsRecord? {
        var key = CountsRecord.key
        return try key.withBytes { (key) throws(ArchiveError) in
            guard let value = try get(.meta, key),
                let body = RecordChecksum.body(of: value, key: key, table: .meta)
            else { return nil }
            return CountsRecord(body: body)
        }
    }
}

extension String {
    /// Lends the text's UTF-8 bytes.
    fileprivate mutating func withBytes<Value>(
        _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Value
    ) throws(ArchiveError) -> Value {
        let result: Result<Value, ArchiveError> = withUTF8 { text in
            Result { () throws(ArchiveError) in try body(UnsafeRawBufferPointer(text)) }
        }
        return try result.get()
    }
}
