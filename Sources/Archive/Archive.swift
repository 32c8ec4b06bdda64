public import IPv8
internal import Synchronization

/// Values on the disk, with everything that the node knows about them.
///
/// LMDB is the truth; SQLite is an index that follows LMDB's journal. A commit is one LMDB transaction and returns when it is
/// on the disk. The overlay's requests are answered from LMDB alone. The archive can be used from several threads: reads run
/// side by side, commits one at a time, and `follow` is meant for one thread in the background.
public final class Archive: Sendable {
    /// The folder that holds `archive.mdb` and `index.sqlite`.
    public let folder: String
    private let currentOptions: Mutex<ArchiveOptions>
    let environment: LMDBEnvironment
    let identity: IdentityRecord
    let index: Index
    /// Whether a write has failed on the device. Nothing is written until the archive is opened again.
    let deviceFailed = Atomic(false)
    /// How many bytes were free when the last change found the disk full; 0 if there was room for it.
    let freeBytesWhenFull = Atomic(0)
    /// Whether the file that is open is the one of its name, as of the last look.
    private let isMisplaced = Atomic(false)
    /// Changes of the journal below this number are in the index and may go.
    let journalNeededFrom = Atomic<UInt64>(0)
    /// Changes above this number stay for a copy of the index that is being made.
    let journalKeptAbove = Atomic<UInt64>(.max)
    /// The number of the last change, for those who wait for the next one.
    let lastChange = ChangeSignal()
    /// One copy at a time.
    let copying = Mutex(())
    /// One step of the index at a time.
    let following = Mutex(())
    /// How far the index was after the last step.
    let indexPosition: Mutex<IndexPosition>
    /// Event counts since the archive was opened, by name.
    let counters = Mutex<[String: Int]>([:])
    /// How far the sweep has come.
    let sweepPlace = Mutex(SweepPlace())
    /// How far overwriting of forgotten records is.
    let wiping = Mutex(Wiping())
    private let damage = Mutex<Set<DamagedRecord>>([])
    /// The bans, once somebody has asked for them. The index has them, and nothing else on the disk if it gets lost.
    let knownBans = Mutex<[Ban]?>(nil)

    /// How many damaged records are remembered.
    private static let damagedMax = 1024

    private init(
        folder: String, options: ArchiveOptions, environment: LMDBEnvironment, identity: IdentityRecord, index: Index
    ) {
        self.folder = folder
        currentOptions = Mutex(options)
        self.environment = environment
        self.identity = identity
        self.index = index
        indexPosition = Mutex(
            IndexPosition(
                archiveID: identity.archiveID, last: .start, readAt: .start,
                republishRule: options.republishing.description))
    }

    /// Opens the archive in a folder that exists, or begins one there.
    ///
    /// A file of a newer program, or one that was cut off, is refused and not changed. `follow` rebuilds an index that is
    /// missing, damaged, ahead or of another archive.
    ///
    /// - Parameters:
    ///   - folder: the folder with the files; the caller holds its lock.
    ///   - progress: called with whatever had to be done beyond opening.
    public static func open(
        folder: String, options: ArchiveOptions = ArchiveOptions(), now: Instant,
        progress: (ArchiveProgress) -> Void = { _ in }
    ) throws(ArchiveError) -> Archive {
        let index = Index(path: folder + "/index.sqlite", republishRule: options.republishing)
        try Index.refuseNewer(path: index.path)
        var identity = IdentityRecord(archiveID: newArchiveID(), created: now)
        var damaged: [DamagedRecord] = []
        var formatFound = IdentityRecord.format
        let environment = try LMDBEnvironment(
            path: folder + "/archive.mdb", mapBytes: options.mapBytes, structureCheckMax: options.structureCheckMax
        ) { (transaction, isNew) throws(ArchiveError) in
            if isNew {
                try transaction.begin(identity)
                progress(.created)
            } else {
                identity = try transaction.readIdentity(&damaged)
                formatFound = identity.format
                identity = try transaction.upgrade(identity)
                try transaction.restoreCounts(&damaged, progress)
                try transaction.restoreOrder(progress)
            }
        }
        let archive = Archive(
            folder: folder, options: options, environment: environment, identity: identity, index: index)
        archive.note(damaged)
        archive.lastChange.advance(to: try archive.statistics().journalLast)
        if formatFound < IdentityRecord.format {
            progress(.upgraded(from: formatFound, to: IdentityRecord.format))
        }
        if !environment.structure.isComplete {
            progress(.structureCheckedInPart(pages: environment.structure.pageCount))
        }
        do throws(ArchiveError) {
            try archive.openIndex(progress)
        } catch {
            archive.close()
            throw error
        }
        return archive
    }

    /// Whether a folder has an archive; if not, opening creates one.
    package static func isThere(in folder: String) -> Bool {
        (try? NewFile.isNeeded(at: folder + "/archive.mdb")) == false
    }

    /// Looks over all of LMDB's pages of an archive that nobody has open, and throws `damaged` where they contradict each
    /// other; records are not looked at.
    ///
    /// - Returns: how many pages there were.
    package static func checkStructure(folder: String) throws(ArchiveError) -> Int {
        let path = folder + "/archive.mdb"
        try MetaPages.check(path: path)
        return try StructureCheck.check(path: path, limit: nil).pageCount
    }

    /// What holds now.
    package var options: ArchiveOptions { currentOptions.withLock { $0 } }

    /// Lets other limits hold from the next commit on. The size of the map and the rule for republishing stay as they were when
    /// the archive was opened.
    package func changeLimits(_ new: ArchiveOptions) {
        currentOptions.withLock { options in
            var new = new
            (new.mapBytes, new.republishing) = (options.mapBytes, options.republishing)
            options = new
        }
    }

    /// Closes both files, once the calls that run have returned. Later calls throw `closed`.
    public func close() {
        lastChange.close()
        following.withLock { _ in index.close() }
        environment.close()
    }

    /// The 16 bytes that tell this archive from any other; a copy has them too.
    public var archiveID: [UInt8] { identity.archiveID }

    /// When the archive was begun.
    public var created: Instant { identity.created }

    /// Whether a write has failed on the device, so that nothing is written until the archive is opened again.
    public var isReadOnly: Bool { deviceFailed.load(ordering: .acquiring) }

    /// Whether a change can be expected to be stored: no write has failed on the device, and the file is where it was.
    public var isWritable: Bool { !isReadOnly && !isMisplaced.load(ordering: .acquiring) }

    /// Throws unless the file that is open is the one of its name; to be called now and then, since nothing is stored
    /// otherwise, and somebody has to hear of that.
    package func checkPlace() throws(ArchiveError) {
        do throws(ArchiveError) {
            try environment.checkPlace()
            isMisplaced.store(false, ordering: .releasing)
        } catch .closed {
            throw .closed
        } catch {
            isMisplaced.store(true, ordering: .releasing)
            throw error
        }
    }

    /// Whether the file in which LMDB notes readers is gone or another one: then other programs cannot read beside this
    /// one until the archive is opened again.
    package var hasLostReadersFile: Bool { environment.hasLostReadersFile }

    /// Opens the index again if its file was deleted or replaced; `follow` then brings it up to date.
    ///
    /// Nothing is done while the archive is not in its place either: then its path may lead into somebody else's folder.
    ///
    /// - Returns: whether it was.
    package func reopenLostIndex() -> Bool {
        following.withLock { _ in (try? checkPlace()) != nil && index.reopenIfLost() }
    }

    /// The damaged records that were met since the archive was opened, in the order of table and key.
    public var damagedRecords: [DamagedRecord] {
        damage.withLock { Array($0) }.sorted { left, right in
            (left.table, Hex.encode(left.key)) < (right.table, Hex.encode(right.key))
        }
    }

    /// Frees what readers of other processes held when they were killed; to be called every minute or so.
    public func clearStaleReaders() { environment.clearStaleReaders() }

    /// Remembers damaged records.
    func note(_ records: [DamagedRecord]) {
        guard !records.isEmpty else { return }
        damage.withLock { damage in
            for record in records where damage.count < Archive.damagedMax { damage.insert(record) }
        }
    }

    private static func newArchiveID() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<IdentityRecord.idBytes).map { _ in .random(in: 0...255, using: &random) }
    }
}
