package import IPv8

/// Everything that decides whether the values of a key are stored, served and retained.
package struct KeyFacts: Hashable, Sendable {
    /// The values, in the order in which they are served, and how each stands in the accounts.
    package var values: [Standing] = []
    /// What is pinned of the key and the signers of its values.
    package var pins: [ArchiveSubject] = []
    /// What is blocked of the key and the signers of its values.
    package var blocks: [ArchiveSubject] = []
    /// What was published here under the key.
    package var publications: [ArchivedPublication] = []
    /// Signers of whom nothing below a version is taken under the key, though no value is held.
    package var floors: [Floor] = []
    /// The evidence under the key.
    package var evidence: [KnownEvidence] = []
    /// Records about the key that were found damaged, and the names of the tables that they stood in.
    package var quarantined: [String] = []
    /// How storing the key's values in the DHT again went; `nil` if it has not been tried, or the index cannot say.
    package var republished: RepublishState?

    /// A value, and who holds it in the accounts.
    package struct Standing: Hashable, Sendable {
        package var value: ArchivedValue
        /// How many earlier versions of it are kept.
        package var earlierVersions = 0
        /// Whom it is charged to: an address prefix, or `nil` for the operator, who gives up nothing.
        package var source: String?
        /// How many bytes that source has in the value's budget.
        package var sourceBytes = 0
        /// How many sources have more; `nil` if they were not counted to the end.
        package var sourcesAbove: Int?
        /// How many records of the source go before it; `nil` if they were not counted to the end.
        package var recordsBefore: Int?
        /// When it is to be stored in the DHT again; `nil` for never, or where the index cannot say.
        package var due: Instant?
    }

    /// The version of a value that has been here.
    package struct Floor: Hashable, Sendable {
        /// Who signed it.
        package var signer: Mid
        /// Nothing below it is taken.
        package var version: Version
        /// When the value went.
        package var noted: Instant
    }
}

extension ArchiveReader {
    /// Sources and records that go first are counted up to this many.
    private static let countMax = 100_000

    /// Gathers what is known about a key, from one snapshot but for the values.
    package func facts(about target: Target) throws(ArchiveError) -> KeyFacts {
        let values = try values(of: target)
        let republishing = republishing(of: target)
        var walk = EvidenceWalk(self, keys: target...target)
        var evidence: [KnownEvidence] = []
        while !walk.isAtEnd { evidence += try walk.next() }
        return try environment.read { (transaction) throws(ArchiveError) in
            var facts = KeyFacts()
            facts.evidence = evidence
            facts.republished = republishing.state
            for value in values {
                var standing = try standing(of: value, transaction)
                standing.due =
                    republishing.due[
                        EntryKey(target: target, class: value.entryClass, identity: value.id)]
                facts.values.append(standing)
            }
            facts.floors = try floors(of: target, transaction)
            facts.publications = try publications(of: target, transaction)
            facts.quarantined = try quarantined(of: target, transaction)
            let signers = Set(values.compactMap(\.signer)).union(facts.floors.map(\.signer)).sorted()
            for subject in [ArchiveSubject.key(target)] + signers.map({ .signer($0) }) {
                if try has(subject, in: .pins, transaction) { facts.pins.append(subject) }
                if try has(subject, in: .blocks, transaction) { facts.blocks.append(subject) }
            }
            return facts
        }
    }

    private func standing(
        of value: ArchivedValue, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> KeyFacts.Standing {
        var standing = KeyFacts.Standing(value: value)
        if let signer = value.signer, environment.has(.history) {
            let prefix = SignerKey(target: value.target, signer: signer).bytes
            try transaction.forEach(.history, prefix: prefix) { (_, _) throws(ArchiveError) in
                standing.earlierVersions += 1
                return true
            }
        }
        let key = EntryKey(target: value.target, class: value.entryClass, identity: value.id)
        let budget: Budget = value.isRetained ? .retained : .served
        guard let record = value.record, environment.has(.ages) else { return standing }
        let facts = EntryFacts(
            version: Version(0), firstSeen: record.firstSeen, lastStored: record.lastStored,
            expiresAt: record.expiresAt, provenance: record.provenance, isWithdrawn: record.isWithdrawn)
        var filing = Filing(
            budget: budget, source: .theOperator, since: record.firstSeen, key: key.bytes, charge: 0)
        if try transaction.has(.ages, AccountKey.age(filing)) { return standing }
        filing.source = facts.source
        guard filing.source != .theOperator else { return standing }
        standing.source = filing.source.description
        let account = Account(budget: budget, source: filing.source)
        standing.sourceBytes = try bytesHeld(account, transaction)
        standing.sourcesAbove = try sourcesAbove(account, transaction)
        standing.recordsBefore = try recordsBefore(filing, transaction)
        return standing
    }

    private func bytesHeld(
        _ account: Account, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Int {
        try lend(AccountKey.holding(account)) { (key) throws(ArchiveError) in
            try transaction.get(.holdings, key).flatMap { Usage($0, key: key) }?.bytes ?? 0
        }
    }

    private func sourcesAbove(
        _ account: Account, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Int? {
        var above = 0
        var found = false
        try transaction.forEach(.ranks, prefix: [account.budget.rawValue]) { (key, _) throws(ArchiveError) in
            found = AccountKey.readRank(key)?.0 == account
            if !found { above += 1 }
            return !found && above < ArchiveReader.countMax
        }
        return found ? above : nil
    }

    private func recordsBefore(
        _ filing: Filing, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Int? {
        let key = AccountKey.age(filing)
        var before = 0
        var found = false
        let prefix = Array(key.prefix(1 + Source.byteCount))
        try transaction.forEach(.ages, prefix: prefix) { (place, _) throws(ArchiveError) in
            found = place.elementsEqual(key)
            if !found { before += 1 }
            return !found && before < ArchiveReader.countMax
        }
        return found ? before : nil
    }

    private func floors(
        of target: Target, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> [KeyFacts.Floor] {
        var floors: [KeyFacts.Floor] = []
        try transaction.forEach(.floors, prefix: target.bytes) { (key, value) throws(ArchiveError) in
            if let place = SignerKey(key), let floor = FloorRecord(value, key: key) {
                floors.append(KeyFacts.Floor(signer: place.signer, version: floor.version, noted: floor.noted))
            }
            return true
        }
        return floors
    }

    private func publications(
        of target: Target, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> [ArchivedPublication] {
        guard environment.has(.publications) else { return [] }
        var publications: [ArchivedPublication] = []
        try transaction.forEach(.publications, prefix: target.bytes) { (key, value) throws(ArchiveError) in
            if let place = EntryKey(key), let record = PublicationRecord(value, key: key) {
                publications.append(
                    ArchivedPublication(
                        target: target, id: place.id, version: record.version, published: record.published,
                        withdrawn: record.withdrawn))
            }
            return true
        }
        return publications
    }

    private func quarantined(
        of target: Target, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> [String] {
        var names: [String] = []
        for table in Table.allCases {
            try transaction.forEach(.quarantine, prefix: [table.rawValue] + target.bytes) {
                (_, _) throws(ArchiveError) in
                names.append(table.name)
                return true
            }
        }
        return names
    }
}

extension Source: CustomStringConvertible {
    /// The prefix as people write it. What was withdrawn came from no address.
    var description: String {
        switch kind {
        case 4 where prefix == 0: "no address in particular"
        case 4: "\(IPAddress.v4(UInt32(truncatingIfNeeded: prefix) << 8))/24"
        case 6: "\(IPAddress.v6(prefix << 16, 0))/48"
        default: "the operator"
        }
    }
}
