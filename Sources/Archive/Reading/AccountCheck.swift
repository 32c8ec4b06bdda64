internal import IPv8

/// Compares the accounts with the records that are charged to them, in one snapshot. The table `ages` is in the order of the
/// accounts, so only one account at a time is in memory.
struct AccountCheck {
    /// The account that is being added up, by its key in `holdings`.
    private var account: [UInt8] = []
    private var sum = Usage()
    /// How many records of each budget have been found in an account.
    private var charged: [Budget: Int] = [:]

    /// Checks everything.
    ///
    /// - Parameters:
    ///   - tables: those that the file has.
    ///   - tell: called with each finding. Damaged records are reported elsewhere.
    static func run(
        in transaction: borrowing ReadTransaction, tables: [Table], _ tell: (VerifyFinding) -> Void
    ) throws(ArchiveError) {
        let accounts: [Table] = [.holdings, .ranks, .ages]
        for table in accounts where !tables.contains(table) {
            tell(VerifyFinding(table: table.name, key: [], fault: "is missing"))
        }
        guard accounts.allSatisfy({ tables.contains($0) }) else { return }
        var check = AccountCheck()
        try check.checkAges(transaction, tell)
        try checkHoldings(transaction, tell)
        try checkRanks(transaction, tell)
        for budget in Budget.allCases where tables.contains(budget.table) {
            try check.checkTotal(of: budget, transaction, tell)
        }
    }

    private mutating func checkAges(
        _ transaction: borrowing ReadTransaction, _ tell: (VerifyFinding) -> Void
    ) throws(ArchiveError) {
        try transaction.forEach(.ages, prefix: []) { (key, _) throws(ArchiveError) in
            let key = Array(key)
            let account = Array(key.prefix(AccountKey.holdingBytes))
            if account != self.account {
                try closeAccount(transaction, tell)
                self.account = account
            }
            if let fault = try check(key, transaction) {
                tell(VerifyFinding(table: Table.ages.name, key: key, fault: fault))
            }
            return true
        }
        try closeAccount(transaction, tell)
    }

    /// Adds the record of an age to its account. Returns what is wrong with the age, if anything.
    private mutating func check(
        _ age: [UInt8], _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> String? {
        guard age.count > AccountKey.ageKeyOffset, let budget = Budget(rawValue: age[0]) else {
            return "has an impossible key"
        }
        let key = Array(age[AccountKey.ageKeyOffset...])
        let found = try lend(key) { (bytes) throws(ArchiveError) -> (filing: Filing?, charge: Int)? in
            guard let value = try transaction.get(budget.table, bytes) else { return nil }
            let isSound = RecordChecksum.body(of: value, key: bytes, table: budget.table) != nil
            // What a damaged record says of its source means nothing.
            return (isSound ? StorePass.filing(of: value, under: key, in: budget) : nil, key.count + value.count)
        }
        guard let found else { return "stands for a record that is not there" }
        if let filing = found.filing {
            let operators = AccountKey.age(Filing(filing, source: .theOperator))
            guard age == operators || age == AccountKey.age(filing) else { return "is not what its record says" }
            if age != operators, try transaction.has(.ages, operators) { return "has its record in two accounts" }
        }
        sum.add(Usage(count: 1, bytes: found.charge))
        charged[budget, default: 0] += 1
        return nil
    }

    /// Compares an account with the sum of its records.
    private mutating func closeAccount(
        _ transaction: borrowing ReadTransaction, _ tell: (VerifyFinding) -> Void
    ) throws(ArchiveError) {
        defer { sum = Usage() }
        guard sum != Usage(), let account = AccountKey.readHolding(account) else { return }
        let (isThere, holding) = try AccountCheck.holding(of: account, transaction)
        let held = "\(sum.count) records of \(sum.bytes) bytes"
        if !isThere {
            tell(VerifyFinding(table: Table.holdings.name, key: self.account, fault: "is missing: it holds \(held)"))
        } else if let holding, holding != sum {
            tell(
                VerifyFinding(
                    table: Table.holdings.name, key: self.account,
                    fault: "says \(holding.count) records of \(holding.bytes) bytes, and there are \(held)"))
        }
        let rank = AccountKey.rank(account, bytes: sum.bytes)
        if account.source != .theOperator, try !transaction.has(.ranks, rank) {
            tell(VerifyFinding(table: Table.ranks.name, key: rank, fault: "is missing"))
        }
    }

    /// Whether an account has a record, and its usage if the record is sound.
    private static func holding(
        of account: Account, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> (isThere: Bool, Usage?) {
        try lend(AccountKey.holding(account)) { (key) throws(ArchiveError) in
            guard let value = try transaction.get(.holdings, key) else { return (false, nil) }
            return (true, Usage(value, key: key))
        }
    }

    /// No account is empty.
    private static func checkHoldings(
        _ transaction: borrowing ReadTransaction, _ tell: (VerifyFinding) -> Void
    ) throws(ArchiveError) {
        try transaction.forEach(.holdings, prefix: []) { (key, _) throws(ArchiveError) in
            let account = Array(key)
            let age = try transaction.firstKey(.ages, prefix: account)
            if account.count != AccountKey.holdingBytes || age == nil {
                tell(VerifyFinding(table: Table.holdings.name, key: account, fault: "is of somebody who holds nothing"))
            }
            return true
        }
    }

    /// Every rank fits an account.
    private static func checkRanks(
        _ transaction: borrowing ReadTransaction, _ tell: (VerifyFinding) -> Void
    ) throws(ArchiveError) {
        try transaction.forEach(.ranks, prefix: []) { (key, _) throws(ArchiveError) in
            let rank = AccountKey.readRank(key)
            var fits = false
            if let (account, bytes) = rank {
                let (isThere, holding) = try AccountCheck.holding(of: account, transaction)
                fits = isThere && (holding?.bytes ?? bytes) == bytes
            }
            if !fits {
                tell(VerifyFinding(table: Table.ranks.name, key: Array(key), fault: "does not fit any holding"))
            }
            return true
        }
    }

    /// No record is in two accounts, so equal numbers of ages and records mean one for each.
    private func checkTotal(
        of budget: Budget, _ transaction: borrowing ReadTransaction, _ tell: (VerifyFinding) -> Void
    ) throws(ArchiveError) {
        let count = try transaction.recordCount(budget.table)
        let missing = count - charged[budget, default: 0]
        guard missing > 0 else { return }
        tell(
            VerifyFinding(
                table: Table.ages.name, key: [],
                fault: "lacks \(missing) of the \(count) records of the table \(budget.table.name)"))
    }
}
