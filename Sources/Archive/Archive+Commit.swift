internal import Glibc
public import IPv8
internal import Synchronization

extension Archive {
    /// Applies a group of changes in one transaction. When this returns, they are on the disk.
    ///
    /// A refused value does not affect the others. If disk or map turn out to be full, nothing is written, and all changes
    /// that need a write are refused. After an error no change of the group is stored, and none may be acknowledged.
    ///
    /// - Parameters:
    ///   - changes: in the order of their arrival.
    ///   - now: the time of the changes.
    ///   - clockIsSteady: whether `now` can be trusted, so that an expired value may lose its place under a full target.
    /// - Returns: an outcome for each change, in their order.
    public func commit(
        _ changes: [ArchiveChange], at now: Instant, clockIsSteady: Bool = true
    ) throws(ArchiveError) -> [ArchiveOutcome] {
        try inPass(at: now, clockIsSteady) { (pass) throws(ArchiveError) in
            var outcomes: [ArchiveOutcome] = []
            outcomes.reserveCapacity(changes.count)
            for change in changes { outcomes.append(try pass.apply(change)) }
            return outcomes
        }
    }

    /// Changes tables in one durable transaction. If disk or map turn out to be full, it tries once more without changes
    /// that need room.
    func inPass<Result>(
        at now: Instant, _ clockIsSteady: Bool,
        _ body: (inout StorePass) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        guard !isReadOnly else { throw .readOnly(path: environment.path) }
        try checkPlace()
        do throws(ArchiveError) {
            let result: Result
            do throws(ArchiveError) {
                let room = DiskRoom(folder: folder, reserveBytes: options.diskReserveBytes)
                result = try attempt(at: now, clockIsSteady, room, body)
            } catch  where hasNoRoom(error) {
                noteFullDisk(error)
                result = try attempt(at: now, clockIsSteady, .exhausted, body)
            }
            // The file may have been deleted meanwhile.
            try checkPlace()
            return result
        } catch {
            if case .ioFailed(let path, _) = error, hasNoRoom(error) { throw .diskFull(path: path) }
            switch error {
            case .ioFailed, .readOnly: deviceFailed.store(true, ordering: .releasing)
            default: break
            }
            throw error
        }
    }

    /// Changes tables for each of some records in one transaction, or in smaller ones where there is no room for that.
    func inPasses<Record>(
        over records: ArraySlice<Record>, at now: Instant,
        _ body: (inout StorePass, ArraySlice<Record>) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        guard !records.isEmpty else { return }
        do throws(ArchiveError) {
            try inPass(at: now, true) { (pass) throws(ArchiveError) in try body(&pass, records) }
        } catch  where error.isForWantOfRoom && records.count > 1 {
            let middle = records.startIndex + records.count / 2
            try inPasses(over: records[..<middle], at: now, body)
            try inPasses(over: records[middle...], at: now, body)
        }
    }

    private func hasNoRoom(_ error: ArchiveError) -> Bool {
        switch error {
        case .mapFull, .diskFull: true
        case .ioFailed: DiskRoom.hasRunOut(folder: folder)
        default: false
        }
    }

    /// Remembers that the disk, and not only the map, has no room.
    private func noteFullDisk(_ error: ArchiveError) {
        if case .mapFull = error { return }
        freeBytesWhenFull.store(freeBytes, ordering: .releasing)
    }

    private func attempt<Result>(
        at now: Instant, _ clockIsSteady: Bool, _ room: DiskRoom,
        _ body: (inout StorePass) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        var damaged: [DamagedRecord] = []
        var tallies: [String: Int] = [:]
        var lastNumber: UInt64?
        defer { note(damaged) }
        let result = try environment.write { (transaction) throws(ArchiveError) in
            var pass = try StorePass.begin(transaction, at: now, options, room: room, clockIsSteady: clockIsSteady)
            defer { damaged = pass.damaged }
            let result = try body(&pass)
            try pass.settle(
                journalNeededFrom: min(
                    journalNeededFrom.load(ordering: .acquiring), journalKeptAbove.load(ordering: .acquiring)))
            tallies = pass.tallies
            lastNumber = pass.changeCount > 0 ? pass.journal.number : nil
            return result
        }
        if let lastNumber {
            lastChange.advance(to: lastNumber)
            freeBytesWhenFull.store(0, ordering: .releasing)
        }
        counters.withLock { counters in
            for (name, count) in tallies { counters[name, default: 0] += count }
        }
        return result
    }
}

extension Archive {
    /// Whether the disk has more room than the archive's reserve.
    package var hasAmpleRoom: Bool { DiskRoom(folder: folder, reserveBytes: options.diskReserveBytes) == .ample }
}

/// How much of the disk the archive may still use.
package enum DiskRoom {
    /// New values may come.
    case ample
    /// The reserve is touched: stored values may be replaced and refreshed, new ones are refused.
    case scarce
    /// Nothing is written.
    case exhausted

    /// Below this part of the reserve nothing is written.
    private static let lastPart = 4

    /// LMDB writes no more than this at a time, so less is left where a write was cut short.
    private static let writeBytesMax = 16 << 20

    /// Asks the folder's file system. If that does not answer, there is room until a write fails.
    init(folder: String, reserveBytes: Int) {
        let free = DiskRoom.freeBytes(folder: folder)
        // Without a reserve a disk is full when nothing is free.
        if free >= max(reserveBytes, 1) {
            self = .ample
        } else {
            self = free >= reserveBytes / DiskRoom.lastPart ? .scarce : .exhausted
        }
    }

    /// Whether an input or output error may only mean that the disk is full: LMDB reports a write that was cut short
    /// as EIO, whatever the reason.
    static func hasRunOut(folder: String) -> Bool { freeBytes(folder: folder) < writeBytesMax }

    /// How much room the file system of a folder has for this user; `.max` if it does not say.
    package static func freeBytes(folder: String) -> Int {
        var status = statvfs()
        guard statvfs(folder, &status) == 0, status.f_blocks > 0 else { return .max }
        let product = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return product.overflow ? .max : Int(clamping: product.partialValue)
    }
}
