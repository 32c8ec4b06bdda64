import IPv8

@testable import Archive

extension Archive {
    /// Sweeps until a round has ended.
    func sweepRound(at now: Instant, limit: Int = 1000) throws {
        while try !sweep(at: now, limit: limit).endsRound {}
    }

    /// How many records a table holds.
    func count(_ table: Table) throws -> Int {
        try environment.read { (transaction) throws(ArchiveError) in try transaction.recordCount(table) }
    }

    func charged(_ budget: Budget) throws -> Usage {
        try environment.read { (transaction) throws(ArchiveError) in
            try transaction.counts()?[budget] ?? Usage()
        }
    }

    /// Whether totals, holdings, ranks and ages are what the records themselves add up to, and the serving order is that of
    /// the values.
    func accountsAreRight() throws -> Bool {
        try holdingsAreRight() && orderIsRight()
    }

    /// Whether the serving order is that of the values, and as long as its count says.
    func orderIsRight() throws -> Bool {
        try environment.read { (transaction) throws(ArchiveError) in
            var isRight = try transaction.counts()?.statements == transaction.countRecords().statements
            try transaction.checkOrder { _ in isRight = false }
            return isRight
        }
    }

    private func holdingsAreRight() throws -> Bool {
        try environment.read { (transaction) throws(ArchiveError) in
            var holdings: [Account: Usage] = [:]
            var totals: [Budget: Usage] = [:]
            var ages = 0
            for budget in Budget.allCases {
                try transaction.forEach(budget.table, prefix: []) { (key, value) throws(ArchiveError) in
                    guard var filing = StorePass.filing(of: value, under: Array(key), in: budget) else { return true }
                    let own = Filing(filing, source: .theOperator)
                    if try transaction.has(.ages, AccountKey.age(own)) { filing = own }
                    if try transaction.has(.ages, AccountKey.age(filing)) { ages += 1 }
                    let charge = Usage(count: 1, bytes: filing.charge)
                    holdings[Account(budget: budget, source: filing.source), default: Usage()].add(charge)
                    totals[budget, default: Usage()].add(charge)
                    return true
                }
            }
            var isRight = try transaction.recordCount(.ages) == ages
            if try transaction.recordCount(.holdings) != holdings.count { isRight = false }
            let ranked = holdings.filter { $0.key.source != .theOperator }
            if try transaction.recordCount(.ranks) != ranked.count { isRight = false }
            isRight = isRight && ages == holdings.values.reduce(0) { $0 + $1.count }
            for (account, holding) in holdings {
                let written = try lending(AccountKey.holding(account)) { (key) throws(ArchiveError) in
                    try transaction.get(.holdings, key).flatMap { Usage($0, key: key) }
                }
                isRight = isRight && written == holding
                guard account.source != .theOperator else { continue }
                if try !transaction.has(.ranks, AccountKey.rank(account, bytes: holding.bytes)) { isRight = false }
            }
            let counts = try transaction.counts()
            for budget in Budget.allCases { isRight = isRight && counts?[budget] == totals[budget, default: Usage()] }
            return isRight
        }
    }

    /// The tables with a record that contains these bytes, in its key or its value.
    func tables(containing bytes: [UInt8]) throws -> [String] {
        try environment.read { (transaction) throws(ArchiveError) in
            var tables: [String] = []
            for table in Table.allCases {
                try transaction.forEach(table, prefix: []) { (key, value) throws(ArchiveError) in
                    guard (Array(key) + Array(value)).holds(bytes) else { return true }
                    tables.append(table.name)
                    return false
                }
            }
            return tables
        }
    }
}

extension [UInt8] {
    private func starts(with bytes: [UInt8], at offset: Int) -> Bool {
        self[offset..<offset + bytes.count].elementsEqual(bytes)
    }

    fileprivate func holds(_ bytes: [UInt8]) -> Bool {
        guard count >= bytes.count else { return false }
        return (0...count - bytes.count).contains { starts(with: bytes, at: $0) }
    }
}

extension Provenance {
    /// A peer in a /24 of its own.
    static func from(_ number: Int) -> Provenance {
        .received(from: Sample.sender, at: Address(host: .v4(0x0B00_0001 + UInt32(number) << 8), port: 1))
    }
}
