public import IPv8
internal import Synchronization

extension Archive {
    /// Erases everything about a key or a signer: values, earlier versions, evidence, floors, publications, pins, and
    /// quarantined records. Of what the journal says about them a hash of each key stays, until the journal is trimmed.
    ///
    /// - Parameter block: whether to block the subject, so that its values are not stored again.
    /// - Returns: how many records were erased.
    public func forget(_ subject: ArchiveSubject, block: Bool, at now: Instant) throws(ArchiveError) -> Int {
        var erasure = Erasure(of: subject, block: block)
        while !erasure.isDone { try advance(&erasure, at: now) }
        return erasure.erasedCount
    }

    /// Erases everything about keys and signers that an import has blocked here.
    ///
    /// - Returns: how many records were erased.
    package func erase(_ subjects: Set<ArchiveSubject>, at now: Instant) throws(ArchiveError) -> Int {
        guard !subjects.isEmpty else { return 0 }
        var erasure = Erasure(of: subjects, block: false)
        while !erasure.isDone { try advance(&erasure, at: now) }
        return erasure.erasedCount
    }

    /// An erasure that is under way.
    ///
    /// A signer's values can have any key, so the erasure walks over everything in bounded steps; stores go on between them.
    /// Values that come in behind the walk are new and stay, unless the subject is blocked. The steps of ``wipeStep(at:)``
    /// overwrite the bytes on the disk. Earlier backups keep them.
    public struct Erasure: Sendable {
        fileprivate let subjects: Set<ArchiveSubject>
        /// If there are no signers among the subjects: their keys in order, so that the walk goes from one to the next.
        fileprivate let targets: [Target]?
        fileprivate var isToBlock: Bool
        fileprivate var tables = Archive.forgotten[...]
        fileprivate var after: [UInt8]?
        /// How many of the keys the walk has behind it in this table.
        fileprivate var targetsDone = 0
        /// How many records one commit erases, so that stores do not wait long for it.
        fileprivate var pace = CommitPace(itemsMax: 1024, durationMax: .milliseconds(30))
        /// How far it is in the journal, which comes last.
        fileprivate var changes: ForgottenChanges?
        /// How many records have been erased.
        public fileprivate(set) var erasedCount = 0
        /// Whether there is nothing left.
        public fileprivate(set) var isDone = false

        /// An erasure that has not begun.
        ///
        /// - Parameter block: whether the first step blocks the subject.
        public init(of subject: ArchiveSubject, block: Bool) { self.init(of: [subject], block: block) }

        /// An erasure of many keys and signers in one walk.
        public init(of subjects: Set<ArchiveSubject>, block: Bool) {
            self.subjects = subjects
            let keys = subjects.compactMap { subject in
                if case .key(let target) = subject { target } else { nil }
            }
            targets = keys.count == subjects.count ? keys.sorted() : nil
            isToBlock = block
        }
    }

    /// Takes the next step of an erasure.
    public func advance(_ erasure: inout Erasure, at now: Instant) throws(ArchiveError) {
        if erasure.isToBlock {
            for outcome in try commit(erasure.subjects.map { .block($0) }, at: now, clockIsSteady: false) {
                if case .refused(let refusal) = outcome { throw .refused(refusal) }
            }
            erasure.isToBlock = false
        }
        guard let table = erasure.tables.first else { return try advanceInJournal(&erasure, at: now) }
        let places = try environment.read { (transaction) throws(ArchiveError) in
            try Archive.places(&erasure, in: table, transaction)
        }
        let begun = ContinuousClock.now
        try erase(places[...], at: now)
        if !places.isEmpty { erasure.pace.note(ContinuousClock.now - begun) }
        erasure.erasedCount += places.count
    }

    private func advanceInJournal(_ erasure: inout Erasure, at now: Instant) throws(ArchiveError) {
        guard let place = erasure.changes else {
            _ = try commit(erasure.subjects.map { .unpin($0) }, at: now, clockIsSteady: false)
            erasure.changes = try beginForgettingChanges()
            return
        }
        let begun = ContinuousClock.now
        erasure.changes = try forgetChanges(
            of: .subjects(erasure.subjects), place, limit: erasure.pace.items, at: now)
        erasure.pace.note(ContinuousClock.now - begun)
        erasure.isDone = erasure.changes == nil
    }

    /// Copies and evidence go before their originals, and what says that a value was published goes after the value: with a
    /// value that nothing says this of, the archive would be damaged.
    private static let forgotten: [Table] = [
        .quarantine, .evidence, .history, .retained, .entries, .publications, .floors,
    ]
    /// How many records one step examines. It ends sooner when it has found as many as one commit erases.
    static let recordsPerStep = 16_384

    /// The records of a table that belong to one of the subjects, as many as one step erases. Takes the erasure past them.
    private static func places(
        _ erasure: inout Erasure, in table: Table, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> [RecordPlace] {
        var step = Step(subjects: erasure.subjects, table: table, limit: erasure.pace.items)
        // In quarantine, records of all tables lie side by side.
        if let targets = erasure.targets, table != .quarantine {
            while erasure.targetsDone < targets.count, step.last == nil {
                try step.walk(prefix: targets[erasure.targetsDone].bytes, after: erasure.after, transaction)
                erasure.after = step.last
                if step.last == nil { erasure.targetsDone += 1 }
                step.examined += 1
                if step.examined >= recordsPerStep { return step.places }
            }
        } else {
            try step.walk(prefix: [], after: erasure.after, transaction)
            erasure.after = step.last
        }
        if step.last == nil {
            erasure.tables.removeFirst()
            erasure.targetsDone = 0
        }
        return step.places
    }

    /// One step of a walk over a table.
    private struct Step {
        let subjects: Set<ArchiveSubject>
        let table: Table
        /// How many places it finds at most.
        let limit: Int
        var places: [RecordPlace] = []
        var examined = 0
        /// The last key examined, if there are more.
        var last: [UInt8]?

        mutating func walk(
            prefix: [UInt8], after: [UInt8]?, _ transaction: borrowing ReadTransaction
        ) throws(ArchiveError) {
            try transaction.forEach(table, prefix: prefix, after: after ?? []) { (key, _) throws(ArchiveError) in
                guard last == nil else { return false }
                examined += 1
                if Archive.concerns(subjects, key, in: table) {
                    places.append(RecordPlace(table: table, key: Array(key)))
                }
                if examined >= Archive.recordsPerStep || places.count == limit {
                    last = Array(key)
                }
                return true
            }
        }
    }

    /// Whether a record is about one of some keys and signers, by its own key.
    static func concerns(_ subjects: Set<ArchiveSubject>, _ key: UnsafeRawBufferPointer, in table: Table) -> Bool {
        var key = key
        var table = table
        if table == .quarantine {
            guard let number = key.first, let origin = Table(rawValue: number) else { return false }
            key = UnsafeRawBufferPointer(rebasing: key.dropFirst())
            table = origin
        }
        switch table {
        case .entries, .retained, .publications:
            guard let key = EntryKey(key) else { return false }
            return subjects.contains(.key(key.target))
                || (key.entryClass != .unsigned && subjects.contains(.signer(key.signer)))
        case .history, .floors, .evidence:
            guard key.count >= SignerKey.byteCount else { return false }
            return subjects.contains(.key(Target(bits: key.bits160(at: 0))))
                || subjects.contains(.signer(Mid(bits: key.bits160(at: 20))))
        case .meta, .secrets, .journal, .quarantine, .pins, .blocks, .holdings, .ranks, .ages, .order:
            return false
        }
    }

    private func erase(_ places: ArraySlice<RecordPlace>, at now: Instant) throws(ArchiveError) {
        try inPasses(over: places, at: now) { (pass, places) throws(ArchiveError) in
            pass.trimsJournalByAge = false
            wiping.withLock { $0.isOutdated = true }
            try pass.noteForgotten()
            for place in places { try pass.erase(place) }
        }
    }
}
