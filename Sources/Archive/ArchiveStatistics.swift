/// How much is in the archive, read without walking over records.
public struct ArchiveStatistics: Hashable, Sendable {
    /// Values, expired ones with them.
    public var values: Int
    /// Targets that have values.
    public var keys: Int
    /// Values signed by the owner of their target, by others, and by nobody.
    public var valuesByClass: (owner: Int, signed: Int, unsigned: Int) { (owner, signed, unsigned) }
    private var owner: Int
    private var signed: Int
    private var unsigned: Int
    /// Bytes of keys and records that each budget holds.
    public var bytesByBudget: [Budget: Int]
    /// Bytes of the pages in use, which the quota counts.
    public var liveBytes: Int
    /// The size of LMDB's map, which the file cannot outgrow.
    public var mapBytes: Int
    /// The number of the last change.
    public var journalLast: UInt64
    /// The number of the last change that the index has taken over.
    public var indexLast: UInt64
    /// Whether the index is being rebuilt.
    public var indexIsRebuilding: Bool
    /// Damaged records that were met since the archive was opened, each counted once.
    public var damagedRecords: Int

    init(
        counts: CountsRecord, liveBytes: Int, mapBytes: Int, journalLast: UInt64, position: IndexPosition,
        damagedRecords: Int
    ) {
        (owner, signed, unsigned) = (counts.entries[0], counts.entries[1], counts.entries[2])
        values = owner + signed + unsigned
        keys = counts.targets
        bytesByBudget = Dictionary(uniqueKeysWithValues: Budget.allCases.map { ($0, counts[$0].bytes) })
        self.liveBytes = liveBytes
        self.mapBytes = mapBytes
        self.journalLast = journalLast
        indexLast = position.last.number
        indexIsRebuilding = position.rebuild != nil
        self.damagedRecords = damagedRecords
    }
}

/// What opening an archive had to do.
public enum ArchiveProgress: Hashable, Sendable {
    /// A new archive was created.
    case created
    /// The archive was upgraded from an earlier format.
    case upgraded(from: Int, to: Int)
    /// The counts were damaged; so many values have been counted again.
    case counting(entries: Int)
    /// The serving order was damaged and has been rebuilt.
    case orderRestored
    /// Time ran out before all of LMDB's pages had been checked; so many are sound.
    case structureCheckedInPart(pages: Int)
    /// The index has to be rebuilt, for this reason; `follow` does it in steps while the node runs.
    case indexRebuild(reason: String)
    /// A damaged index was moved to this file.
    case indexMovedAside(path: String)
}

extension ArchiveProgress: CustomStringConvertible {
    /// One sentence.
    public var description: String {
        switch self {
        case .created: "A new archive has been begun."
        case .upgraded(let from, let to):
            "The archive has been upgraded from format \(from) to format \(to); earlier versions of this program cannot "
                + "open it any more."
        case .counting(let entries): "Counting the archive anew: \(entries) values so far."
        case .orderRestored: "The order in which values are served was damaged and has been made anew."
        case .structureCheckedInPart(let pages):
            "The first \(pages) pages of the archive are sound; checking the others as well would take too long here."
        case .indexRebuild(let reason): "The index will be rebuilt while the node runs (\(reason))."
        case .indexMovedAside(let path): "The damaged index was moved to \(path)."
        }
    }
}

/// The result of one step of the index.
public struct FollowResult: Hashable, Sendable {
    /// Changes, or while rebuilding records, that were taken over in this step.
    public var applied: Int
    /// Whether nothing was left to do.
    public var isCurrent: Bool
    /// How far a rebuild is; `nil` if none is under way.
    public var rebuild: Rebuild?
    /// Why this step began a rebuild, if it did.
    public var rebuildReason: String?

    /// How far a rebuild is.
    public struct Rebuild: Hashable, Sendable {
        /// Records taken over.
        public var done: Int
        /// All records.
        public var total: Int
    }
}
