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
    /// How long values are kept after they have expired.
    public var retention = Retention()
    /// When values are to be stored in the DHT again.
    public var republishing = RepublishRule()

    /// How long opening may look over LMDB's own pages, those above the leaves first; `nil` for as long as it takes.
    public var structureCheckMax: Duration? = .milliseconds(500)

    /// The defaults.
    public init() {}

    /// How many values of a class one target may hold.
    func perTargetMax(_ entryClass: EntryClass) -> Int {
        switch entryClass {
        case .owner: 1
        case .signed: signedPerTargetMax
        case .unsigned: unsignedPerTargetMax
        }
    }

    /// Values that are held may be replaced and refreshed, and the journal written, up to here: an eighth beyond the
    /// quota.
    var liveBytesHardMax: Int { liveBytesMax + liveBytesMax / 8 }

    /// The map keeps pages free for deleting, which writes before it frees: a sixteenth, 64 MiB at most, from which
    /// nothing new takes; replacing and refreshing may use a quarter of it.
    private var mapReserveBytes: Int { min(mapBytes / 16, 64 << 20) }
    var mapBytesForNew: Int { mapBytes - mapReserveBytes }
    var mapBytesForAll: Int { mapBytes - mapReserveBytes * 3 / 4 }
}
