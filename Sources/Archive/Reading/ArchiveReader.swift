internal import Glibc
public import IPv8
internal import Platform
internal import SystemPackage

/// Reads an archive without changing it. It needs no key and no network.
///
/// In the folder of a stopped node, in a backup or on a read-only disk it writes nothing; a node cannot start there meanwhile.
/// Beside a running node it registers in LMDB's file of readers, and each call sees one consistent state.
public final class ArchiveReader: Sendable {
    /// The folder that holds the archive.
    public let folder: String
    /// Whether a node runs on it.
    public let isInUse: Bool
    /// The 16 bytes that tell the archive from any other.
    public var archiveID: [UInt8] { identity.archiveID }
    let environment: ReadOnlyEnvironment
    let identity: IdentityRecord
    /// The copies of the identity that are damaged.
    let damagedIdentities: [String]
    let index: ReadOnlyIndex?
    let indexFailure: String?
    private let stopped: StoppedFolder?

    /// Opens the archive in a folder.
    ///
    /// - Parameter isLocked: whether the caller holds the folder's lock, so that nobody else writes to it.
    public static func open(folder: String, isLocked: Bool = false) throws(ArchiveError) -> ArchiveReader {
        try ArchiveReader(folder, isLocked)
    }

    private init(_ folder: String, _ isLocked: Bool) throws(ArchiveError) {
        let path = folder + "/archive.mdb"
        let status: stat
        do {
            status = try FileStatus.of(path)
        } catch {
            if error == .noSuchFileOrDirectory || error == .notDirectory { throw .noArchive(folder: folder) }
            throw .unreadable(path: path, reason: "\(error)")
        }
        guard status.st_size > 0 else { throw .noArchive(folder: folder) }
        self.folder = folder
        stopped = isLocked ? nil : try StoppedFolder(folder)
        isInUse = !isLocked && stopped == nil
        environment = try ReadOnlyEnvironment(path: path, isShared: isInUse)
        (identity, damagedIdentities) = try environment.read { (transaction) throws(ArchiveError) in
            try transaction.identity()
        }
        (index, indexFailure) = try ArchiveReader.openIndex(in: folder, isShared: isInUse)
    }

    init(sharing environment: LMDBEnvironment, folder: String) throws(ArchiveError) {
        self.folder = folder
        stopped = nil
        isInUse = true
        self.environment = ReadOnlyEnvironment(sharing: environment)
        (identity, damagedIdentities) = try self.environment.read { (transaction) throws(ArchiveError) in
            try transaction.identity()
        }
        (index, indexFailure) = try ArchiveReader.openIndex(in: folder, isShared: true)
    }

    /// Opens the index, or says why it cannot be read.
    private static func openIndex(
        in folder: String, isShared: Bool
    ) throws(ArchiveError) -> (ReadOnlyIndex?, String?) {
        do throws(ArchiveError) {
            guard access(folder + "/index.sqlite", F_OK) == 0 else { throw .index(detail: "there is none") }
            return (try ReadOnlyIndex(path: folder + "/index.sqlite", isShared: isShared), nil)
        } catch {
            if case .newerSchema = error { throw error }
            return (nil, error.detail)
        }
    }

    /// The end of the journal.
    public func journal() throws(ArchiveError) -> JournalSummary {
        try environment.read { (transaction) throws(ArchiveError) in
            var cursor = try transaction.cursor(.journal)
            guard try cursor.last(), cursor.key.count == 8 else {
                return JournalSummary(last: 0, checksum: 0, at: nil, first: 0)
            }
            var summary = JournalSummary(
                last: cursor.key.bigEndian(UInt64.self, at: 0), checksum: JournalRecord.checksum(of: cursor.value),
                at: JournalRecord(cursor.value, key: cursor.key)?.at, first: 0)
            if try cursor.first(), cursor.key.count == 8 { summary.first = cursor.key.bigEndian(UInt64.self, at: 0) }
            return summary
        }
    }

    /// How much there is.
    public func summary(at now: Instant) throws(ArchiveError) -> ArchiveSummary {
        let pageBytes = environment.info.pageBytes
        let pages = try environment.pages()
        let (counts, tables, live) = try environment.read { (transaction) throws(ArchiveError) in
            var tables: [ArchiveSummary.TableShape] = []
            for table in Table.allCases where environment.has(table) {
                let shape = try transaction.shape(table)
                tables.append(
                    ArchiveSummary.TableShape(
                        name: table.name, records: shape.records, pages: shape.pages,
                        bytes: shape.pages * pageBytes, depth: shape.depth))
            }
            return (try transaction.counts(), tables, tables.reduce(0) { $0 + $1.bytes })
        }
        let (indexSummary, failure) = summaryOfIndex(at: now)
        return ArchiveSummary(
            archiveID: identity.archiveID, format: identity.format, folderFormat: folderFormat,
            created: identity.created,
            isInUse: isInUse, values: counts.map(ArchiveSummary.Values.init), journal: try journal(),
            budgets: counts.map(ArchiveSummary.budgets) ?? [], growth: try growth(over: ArchiveReader.periods, at: now),
            tables: tables,
            index: indexSummary, indexFailure: failure,
            space: ArchiveSummary.Space(
                liveBytes: live, freeBytes: pages.free * pageBytes, fileBytes: pages.used * pageBytes,
                indexBytes: fileBytes(folder + "/index.sqlite") + fileBytes(folder + "/index.sqlite-wal"),
                diskFreeBytes: DiskRoom.freeBytes(folder: folder)))
    }

    private var folderFormat: Int? {
        guard case .number(let format)? = try? FolderFormat.read(in: folder) else { return nil }
        return format
    }

    private func summaryOfIndex(at now: Instant) -> (ArchiveSummary.IndexSummary?, String?) {
        guard let index else { return (nil, indexFailure) }
        do throws(ArchiveError) {
            guard let position = try index.position() else { return (nil, "it is empty") }
            guard position.archiveID == identity.archiveID else { return (nil, "it belongs to another archive") }
            var summary = try index.summary(at: now)
            summary.lastChange = position.last.number
            summary.isRebuilding = position.rebuild != nil
            return (summary, nil)
        } catch {
            return (nil, error.detail)
        }
    }

    /// The periods over which growth is reported.
    private static let periods: [Duration] = [.seconds(3600), .seconds(86_400), .seconds(30 * 86_400)]

    private func fileBytes(_ path: String) -> Int {
        (try? FileStatus.of(path)).map { Int($0.st_size) } ?? 0
    }
}

extension ArchiveSummary {
    fileprivate static func budgets(_ counts: CountsRecord) -> [BudgetShape] {
        Budget.allCases.map { BudgetShape(budget: $0, records: counts[$0].count, bytes: counts[$0].bytes) }
    }
}

extension ArchiveSummary.Values {
    init(_ counts: CountsRecord) {
        self.init(
            owner: counts.entries[0], signed: counts.entries[1], unsigned: counts.entries[2], keys: counts.targets,
            bytes: counts.entryBytes)
    }
}

extension ArchiveReader {
    /// An archive that nobody writes to, for a long walk: this one, or a temporary copy if a node runs.
    ///
    /// A walk over an archive in use would keep LMDB from reusing pages until its end, or see several states.
    ///
    /// - Parameter temporaryFolder: a folder with room for the copy.
    package func atRest(temporaryFolder: String) throws(ArchiveError) -> ArchiveReader {
        guard isInUse else { return self }
        var template = Array((temporaryFolder + "/bristlecone-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .notCopied(path: temporaryFolder, reason: "\(Errno.last)")
        }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = folder + "/archive.mdb"
        // LMDB has the file open by then, and needs its name no more.
        defer {
            unlink(path)
            rmdir(folder)
        }
        try FileCopy.create(path) { [environment] (descriptor) throws(ArchiveError) in
            try environment.copy(toDescriptor: descriptor)
        }
        return try ArchiveReader.open(folder: folder)
    }
}
