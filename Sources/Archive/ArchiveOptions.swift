/// What an operator may set about the archive.
public struct ArchiveOptions: Hashable, Sendable {
    /// The size of LMDB's map: address space, not disk, and the largest size of the file.
    public var mapBytes = 1 << 40
    /// How many bytes of live pages the archive may take; beyond it new values are refused.
    public var liveBytesMax = 64 << 30
    /// How many bytes of the disk stay free; below it new values are refused.
    public var diskReserveBytes = 1 << 30
    /// How many values under one target may be signed by others than its owner, who has one.
    public var signedPerTargetMax = 1024
    /// How many values under one target may be unsigned.
    public var unsignedPerTargetMax = 1024
    /// How many bytes each part of what is kept may take.
    public var budgets = Budgets(sharing: 64 << 30)
    /// Whether an import into an empty archive has to fit the budgets. If not, what is too much is given up later, little by little.
    package var copiesFitBudgets = true
    /// How long values are kept after they have expired.
    public var retention = Retention()
    /// How long the journal keeps changes that the index has, for those who follow it; `nil` for as long as there is room.
    public var journalKeep: Duration? = .seconds(7 * 86_400)
    /// How many bytes the journal may take, beyond changes that the index has yet to follow.
    public var journalBytesMax = 1 << 30
    /// When values are to be stored in the DHT again.
    public var republishing = RepublishRule()

    /// How long opening may check LMDB's own pages, those above the leaves first; `nil` without a limit.
    public var structureCheckMax: Duration? = .milliseconds(500)

    /// The defaults.
    public init() {}

    /// The limit of the journal: a small archive has a small one.
    var journalBytes: Int { min(journalBytesMax, min(liveBytesMax, mapBytes) / ArchiveOptions.journalPart) }

    /// What part of the archive the journal may take.
    private static let journalPart = 64

    /// How many values of a class one target may hold.
    func perTargetMax(_ entryClass: EntryClass) -> Int {
        switch entryClass {
        case .owner: 1
        case .signed: signedPerTargetMax
        case .unsigned: unsignedPerTargetMax
        }
    }

    /// Up to here, an eighth beyond the quota, stored values may be replaced and refreshed, and the journal written.
    var liveBytesHardMax: Int { liveBytesMax + liveBytesMax / 8 }

    /// The map keeps pages free for deletions, which write before they free: a sixteenth, at most 64 MiB. New values use none of
    /// them; replacing and refreshing may use a quarter.
    private var mapReserveBytes: Int { min(mapBytes / 16, 64 << 20) }
    var mapBytesForNew: Int { mapBytes - mapReserveBytes }
    var mapBytesForAll: Int { mapBytes - mapReserveBytes * 3 / 4 }
}

/// Options for programs that open a node's archive without its settings.
extension ArchiveOptions {
    /// The defaults, with the republish rule of the index in a folder: with another rule the index would be rebuilt.
    package init(fittingIndexIn folder: String) {
        self.init()
        let path = folder + "/index.sqlite"
        guard let position = try? ReadOnlyIndex(path: path, isShared: false).position(),
            let rule = RepublishRule(position.republishRule)
        else { return }
        republishing = rule
    }
}

extension RepublishRule {
    /// Reads what ``description`` writes; `nil` for anything else.
    init?(_ text: String) {
        let numbers = text.split(separator: "/").map { Int64($0) }
        guard numbers.count == 3, let interval = numbers[0], let lifetime = numbers[1], let jitterMax = numbers[2],
            interval > 0, lifetime >= 0, jitterMax >= 0
        else {
            return nil
        }
        self.init()
        (self.interval, self.lifetime) = (.nanoseconds(interval), .nanoseconds(lifetime))
        self.jitterMax = .nanoseconds(jitterMax)
    }
}
