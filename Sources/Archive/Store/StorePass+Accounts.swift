internal import IPv8

/// The accounts. Every record of a budget is charged to a source. When a budget is full, the source that uses most of it
/// gives up its oldest record.
extension StorePass {
    /// How many records are examined to find one that may go. After that the new record is refused.
    static let evictionTriesMax = 64
    /// How many records are given up at most for one new one. Charges differ by less than this.
    static let evictionsMax = 16

    /// Charges a record.
    mutating func file(_ filing: Filing) throws(ArchiveError) {
        encoder.encodeEmpty(AccountKey.age(filing), in: .ages)
        try transaction.put(.ages, &encoder)
        charge(filing, count: 1)
    }

    /// Takes a charge back.
    mutating func unfile(_ filing: Filing) throws(ArchiveError) {
        try transaction.delete(.ages, AccountKey.age(filing))
        charge(filing, count: -1)
    }

    private mutating func charge(_ filing: Filing, count: Int) {
        let change = Usage(count: count, bytes: count * filing.charge)
        let account = Account(budget: filing.budget, source: filing.source)
        accountChanges[account, default: (0, 0)].count += change.count
        accountChanges[account, default: (0, 0)].bytes += change.bytes
        counts[filing.budget].add(change)
    }

    /// Moves a charge to another source.
    mutating func refile(_ filing: Filing, to source: Source, since: Instant? = nil) throws(ArchiveError) {
        try unfile(filing)
        var moved = filing
        moved.source = source
        moved.since = since ?? filing.since
        try file(moved)
    }

    /// Writes the accounts that have changed, and their ranks.
    mutating func writeAccounts() throws(ArchiveError) {
        for (account, change) in accountChanges.sorted(by: { $0.key < $1.key }) {
            guard change.count != 0 || change.bytes != 0 else { continue }
            let before = try holding(of: account)
            var after = before
            after.add(Usage(count: change.count, bytes: change.bytes))
            if account.source != .theOperator { try rank(account, before, after) }
            if after == Usage() {
                try transaction.delete(.holdings, AccountKey.holding(account))
            } else {
                encoder.encode(after, of: account)
                try transaction.put(.holdings, &encoder)
            }
        }
        accountChanges.removeAll(keepingCapacity: true)
    }

    private mutating func rank(_ account: Account, _ before: Usage, _ after: Usage) throws(ArchiveError) {
        try transaction.delete(.ranks, AccountKey.rank(account, bytes: before.bytes))
        guard after.count > 0 else { return }
        encoder.encodeEmpty(AccountKey.rank(account, bytes: after.bytes), in: .ranks)
        try transaction.put(.ranks, &encoder)
    }

    private mutating func holding(of account: Account) throws(ArchiveError) -> Usage {
        var damage: DamagedRecord?
        let holding = try lend(AccountKey.holding(account)) { (key) throws(ArchiveError) -> Usage in
            guard let value = try transaction.view.get(.holdings, key) else { return Usage() }
            if let holding = Usage(value, key: key) { return holding }
            damage = DamagedRecord(table: Table.holdings.name, key: Array(key))
            return Usage()
        }
        if let damage { damaged.append(damage) }
        return holding
    }

    /// Makes room in a budget, by giving up records if necessary; false if none of them may be given up.
    ///
    /// A few are always enough unless the budget was lowered. Then there may be millions too many, and each new record has some
    /// of them given up, so that no commit takes long.
    mutating func makeRoom(for bytes: Int, in budget: Budget) throws(ArchiveError) -> Bool {
        guard bytes <= options.budgets[budget] else { return false }
        for _ in 0..<StorePass.evictionsMax {
            guard counts[budget].bytes + bytes > options.budgets[budget] else { return true }
            guard try evictOne(of: budget) else { return false }
        }
        return true
    }
}

// MARK: - Giving up

extension StorePass {
    /// Gives up the oldest record of the largest account; false if no record may be given up.
    private mutating func evictOne(of budget: Budget) throws(ArchiveError) -> Bool {
        for _ in 0..<StorePass.evictionTriesMax {
            try writeAccounts()
            guard let account = try largest(of: budget) else {
                return try evictFromTheOperator(budget)
            }
            guard let filing = try oldest(of: account) else { continue }
            // Values of this commit are about to be acknowledged.
            if budget == .served, filing.since == now { return false }
            if try giveUp(filing) { return true }
        }
        return false
    }

    /// The largest account of a budget. A rank that does not fit its account is deleted.
    private mutating func largest(of budget: Budget) throws(ArchiveError) -> Account? {
        while let key = try transaction.view.firstKey(.ranks, prefix: [budget.rawValue]) {
            let rank = key.withUnsafeBytes { AccountKey.readRank($0) }
            if let (account, bytes) = rank, try holding(of: account).bytes == bytes {
                return account
            }
            try transaction.delete(.ranks, key)
        }
        return nil
    }

    /// The oldest record of an account. Damaged records leave ages behind that stand for no record; these are deleted, and
    /// an account without records is closed.
    private mutating func oldest(of account: Account) throws(ArchiveError) -> Filing? {
        let prefix = AccountKey.holding(account)
        while let key = try transaction.view.firstKey(.ages, prefix: prefix) {
            if key.count > AccountKey.ageKeyOffset,
                let filing = try filing(
                    of: Array(key[AccountKey.ageKeyOffset...]), in: account.budget),
                AccountKey.age(Filing(filing, source: account.source)) == key
            {
                return Filing(filing, source: account.source)
            }
            try transaction.delete(.ages, key)
        }
        let held = try holding(of: account)
        accountChanges[account] = (-held.count, -held.bytes)
        return nil
    }

    /// Gives up a record. A protected one stays, and is charged to the operator from now on.
    private mutating func giveUp(_ filing: Filing) throws(ArchiveError) -> Bool {
        if try isProtected(filing) {
            try refile(filing, to: .theOperator)
            return false
        }
        switch filing.budget {
        case .served, .retained:
            guard let key = EntryKey(bytes: filing.key) else { return false }
            try takeOut(key, from: filing.budget, leavesFloor: true, because: .valueEvicted)
        case .history, .evidence:
            try unfile(filing)
            try transaction.delete(filing.budget.table, filing.key)
            try note(.removal(from: filing.budget), filing.key)
        case .floors:
            guard try giveUpFloor(filing) else { return false }
        }
        tally("evicted.\(filing.budget.name)")
        return true
    }

    /// The operator's records go last, and only those that were unpinned or withdrawn since they were filed.
    private mutating func evictFromTheOperator(_ budget: Budget) throws(ArchiveError) -> Bool {
        let account = Account(budget: budget, source: .theOperator)
        var keys: [[UInt8]] = []
        try transaction.view.forEach(.ages, prefix: AccountKey.holding(account)) { (key, _) throws(ArchiveError) in
            if key.count > AccountKey.ageKeyOffset { keys.append(Array(key[AccountKey.ageKeyOffset...])) }
            return keys.count < StorePass.evictionTriesMax
        }
        for key in keys {
            guard var filing = try filing(of: key, in: budget) else { continue }
            filing.source = .theOperator
            if budget == .served, filing.since == now { return false }
            if try !isProtected(filing) { return try giveUp(filing) }
        }
        return false
    }
}

extension Filing {
    /// The same record, charged to another source.
    init(_ filing: Filing, source: Source) {
        self = filing
        self.source = source
    }
}
