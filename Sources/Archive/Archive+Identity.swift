internal import IPv8

extension WriteTransaction {
    /// Writes the first records of a new archive.
    func begin(_ identity: IdentityRecord) throws(ArchiveError) {
        var encoder = RecordEncoder()
        for key in IdentityRecord.keys {
            encoder.encode(identity, under: key)
            try put(.meta, &encoder)
        }
        encoder.encode(CountsRecord())
        try put(.meta, &encoder)
    }

    /// Reads the archive's identity from a sound copy, and repairs a damaged one.
    func readIdentity(_ damaged: inout [DamagedRecord]) throws(ArchiveError) -> IdentityRecord {
        let (sound, unsound) = try view.identity()
        var encoder = RecordEncoder()
        for name in unsound {
            damaged.append(DamagedRecord(table: Table.meta.name, key: Array(name.utf8)))
            encoder.encode(sound, under: name)
            try put(.meta, &encoder)
        }
        return sound
    }

    /// Upgrades an archive of an earlier format, in the transaction that opens it. A kill at any moment leaves an archive of
    /// one format or the other.
    ///
    /// Readers read all formats, and programs that know only the earlier one refuse the archive from now on.
    ///
    /// - Returns: the identity as it is now written.
    func upgrade(_ identity: IdentityRecord) throws(ArchiveError) -> IdentityRecord {
        guard identity.format < IdentityRecord.format else { return identity }
        var encoder = RecordEncoder()
        if identity.format < 2 {
            try rebuildOrder()
            // If the counts are damaged, the code that finds the damage counts again and includes these numbers.
            if var counts = try view.counts() {
                counts.statements = try view.statementCounts()
                encoder.encode(counts)
                try put(.meta, &encoder)
            }
        }
        // Earlier journals name values and nothing else.
        encoder.encode(journalStart: try view.journalEnd().number &+ 1)
        try put(.meta, &encoder)
        var upgraded = identity
        upgraded.format = IdentityRecord.format
        for key in IdentityRecord.keys {
            encoder.encode(upgraded, under: key)
            try put(.meta, &encoder)
        }
        return upgraded
    }

    /// Counts the records again if the record of the counts is missing, damaged or incomplete.
    func restoreCounts(_ damaged: inout [DamagedRecord], _ progress: (ArchiveProgress) -> Void) throws(ArchiveError) {
        guard try view.counts()?.statements == nil else { return }
        damaged.append(DamagedRecord(table: Table.meta.name, key: Array(CountsRecord.key.utf8)))
        var encoder = RecordEncoder()
        encoder.encode(try view.countRecords(progress))
        try put(.meta, &encoder)
    }
}

extension ReadTransaction {
    /// The archive's identity from a sound copy, and the keys of damaged copies.
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

    /// Counts the records of all tables by walking over them.
    func countRecords(_ progress: (ArchiveProgress) -> Void = { _ in }) throws(ArchiveError) -> CountsRecord {
        var counter = RecordCounter()
        var walked = 0
        for table in Budget.allCases.map(\.table) + StatementCounts.tables {
            try forEach(table, prefix: []) { (key, value) throws(ArchiveError) in
                counter.count(key, valueBytes: value.count, in: table)
                guard table == .entries else { return true }
                walked += 1
                if walked.isMultiple(of: 100_000) { progress(.counting(entries: walked)) }
                return true
            }
            if table == .entries { progress(.counting(entries: walked)) }
        }
        return counter.counts
    }

    /// LMDB's own counts of pins, blocks, publications and records of the serving order.
    func statementCounts() throws(ArchiveError) -> StatementCounts {
        var counts = StatementCounts()
        for table in StatementCounts.tables { counts.add(try recordCount(table), to: table) }
        return counts
    }

    /// The counts that were last written; `nil` if their record is missing or damaged.
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
