internal import IPv8

/// The accounts: every record of a budget is charged to a source, and when a budget is full, the source that has most
/// of it gives up what it has had longest.
extension StorePass {
    /// How many records are looked at to find one that may go, before the newcomer is refused.
    static let evictionTriesMax = 64

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

    /// Writes what the sources have, and their ranks, where that has changed.
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

    /// Sees that a budget has room for so many bytes; false where nothing may be given up for them.
    mutating func makeRoom(for bytes: Int, in budget: Budget) throws(ArchiveError) -> Bool {
        guard bytes <= options.budgets[budget] else { return false }
        while counts[budget].bytes + bytes > options.budgets[budget] {
            guard try evictOne(of: budget) else { return false }
        }
        return true
    }
}

// MARK: - Giving up

extension StorePass {
    /// Takes out the oldest record of whoever holds most; false where none was found that may go.
    private mutating func evictOne(of budget: Budget) throws(ArchiveError) -> Bool {
        for _ in 0..<StorePass.evictionTriesMax {
            try writeAccounts()
            guard let account = try largest(of: budget) else {
                return try evictFromTheOperator(budget)
            }
            guard let filing = try oldest(of: account) else { continue }
            // What came in this very commit is about to be acknowledged.
            if budget == .served, filing.since == now { return false }
            if try giveUp(filing) { return true }
        }
        return false
    }

    /// The source that has most of a budget. A rank that does not fit its holding is taken away.
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

    /// What a source has had longest. An account whose records are all gone is closed, and an age whose record is gone
    /// or is another now is taken away: a damaged record leaves such behind.
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

    /// Takes a record out, unless it turns out to be protected: then it is the operator's from now on.
    private mutating func giveUp(_ filing: Filing) throws(ArchiveError) -> Bool {
        if try isProtected(filing) {
            try refile(filing, to: .theOperator)
            return false
        }
        switch filing.budget {
        case .served, .retained:
            guard let key = EntryKey(bytes: filing.key) else { return false }
            try takeOut(key, from: filing.budget, leavesFloor: true)
        case .history, .evidence:
            try unfile(filing)
            try transaction.delete(filing.budget.table, filing.key)
        case .floors:
            guard try giveUpFloor(filing) else { return false }
        }
        tally("evicted.\(filing.budget.name)")
        return true
    }

    /// The operator's own goes last: only what has been unpinned or withdrawn since it was filed.
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
