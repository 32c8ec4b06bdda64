/// Why the archive could not do what it was asked to.
///
/// The description of each is one sentence for the operator: what is wrong, and what to do.
public enum ArchiveError: Error, Equatable, Sendable {
    /// The folder or file cannot be read or written; `reason` is the system's word for it.
    case unavailable(path: String, reason: String)
    /// The address space of the process is limited below the size of the map.
    case addressSpace(mapBytes: Int)
    /// The LMDB file is shorter than its last commit says.
    case truncated(path: String, expectedBytes: Int, foundBytes: Int)
    /// The LMDB file's own pages contradict themselves.
    case damaged(path: String, detail: String)
    /// The file is an LMDB file, but no archive of this program.
    case notAnArchive(path: String)
    /// The archive was written by a newer program.
    case newerFormat(path: String, found: Int, supported: Int)
    /// The data folder was written by a newer program.
    case newerFolder(path: String, found: Int, supported: Int)
    /// The file that tells a data folder's format does not hold a number.
    case unreadableFormat(path: String)
    /// The index was written by a newer program.
    case newerSchema(path: String)
    /// The fixed map has no page left.
    case mapFull(mapBytes: Int)
    /// The disk has no room left.
    case diskFull(path: String)
    /// Reading or writing failed on the device.
    case ioFailed(path: String, reason: String)
    /// A write failed on the device earlier, so nothing more is written until the archive is opened again.
    case readOnly(path: String)
    /// More threads read at once than the lock file has slots for.
    case tooManyReaders(max: Int)
    /// A process of another container that has the archive open has the number of this one, by which LMDB tells readers
    /// apart.
    case processNumberTaken(path: String)
    /// The index failed; the archive itself is not affected.
    case index(detail: String)
    case noArchive(folder: String)
    /// The file cannot be read; `reason` is the system's word for it.
    case unreadable(path: String, reason: String)
    /// A copy could not be written; `reason` is the system's word for it.
    case notCopied(path: String, reason: String)
    /// Whoever wanted a copy of the archive does not want it any more.
    case copyStopped
    /// An archive that an earlier compact was told to keep is still there.
    case keptArchive(path: String)
    /// An archive that was kept aside while another one was put in its place is still there, and the new one does not open.
    case unfinishedCompact(path: String)
    /// The folder is a backup, which nothing in it may be changed of.
    case isBackup(folder: String)
    /// Root would change a folder of somebody else's, who could not use what root writes.
    case foreignFolder(folder: String, owner: String)
    /// A node, or another tool, is using the folder.
    case inUse(folder: String)
    /// Programs that only read the folder have not finished; their process ids, as far as they are known.
    case beingRead(folder: String, processIDs: [Int32])
    /// Another user could change what is in the folder, or has planted something there.
    case unsafe(path: String, problem: String, remedy: String)
    /// The file that is open is not the one of this name any more.
    case misplaced(path: String, detail: String)
    /// What the operator wants is not done, for want of room.
    case refused(Refusal)
    /// Changes after a number are no longer in the journal, which begins with a later one.
    case tooFarBehind(after: UInt64, firstAvailable: UInt64)
    /// The archive has fewer changes than somebody has followed.
    case aheadOfArchive(after: UInt64, last: UInt64)
    /// A follower's last change and the archive's change of that number differ.
    case otherChange(number: UInt64)
    case closed
    /// LMDB refused a call for a reason that has no case of its own.
    case failed(operation: String, reason: String)
}

extension ArchiveError {
    /// Whether a smaller transaction may succeed where this one did not.
    var isForWantOfRoom: Bool {
        switch self {
        case .mapFull, .diskFull: true
        default: false
        }
    }
}

extension ArchiveError: CustomStringConvertible {
    /// One sentence: what is wrong, and what to do.
    public var description: String {
        switch self {
        case .unavailable(let path, let reason):
            "\(path) cannot be opened for writing (\(reason)): check that it exists, who owns it, and whether its disk is read-only."
        case .addressSpace(let mapBytes):
            "The archive reserves \(Self.text(mapBytes)) of address space and the system refuses it: "
                + "lift the limit (ulimit -v unlimited, or LimitAS=infinity in a unit) or set a smaller map."
        case .truncated(let path, let expected, let found):
            "\(path) was cut off: it has \(found) bytes and its last commit needs \(expected): "
                + "put the file back from a backup."
        case .damaged(let path, let detail):
            "\(path) is damaged (\(detail)): put the file back from a backup."
        case .notAnArchive(let path):
            "\(path) is an LMDB file but not an archive: choose another data folder or move the file away."
        case .newerFormat(let path, let found, let supported):
            "\(path) has format \(found) and this program knows formats up to \(supported): use a newer program."
        case .newerFolder(let path, let found, let supported):
            "A newer program wrote the data folder \(path): it has format \(found), and this program knows formats up to "
                + "\(supported). Nothing was changed; use the newer program."
        case .unreadableFormat(let path):
            "\(path) does not hold a number, so nobody can tell which program may change the folder: write the number "
                + "\(FolderFormat.current) into it if this program made the folder."
        case .newerSchema(let path):
            "\(path) was written by a newer program: use that one, or move the file away and it is rebuilt."
        case .mapFull(let mapBytes):
            "The archive's map of \(Self.text(mapBytes)) is full: delete values or set a larger map."
        case .diskFull(let path):
            "The disk that holds \(path) is full: make room, stores are taken again as soon as there is some."
        case .ioFailed(let path, let reason):
            "The device that holds \(path) failed (\(reason)): check the disk, then restart."
        case .readOnly(let path):
            "Nothing is written to \(path) since the device failed: check the disk, then restart."
        case .tooManyReaders(let max):
            "More than \(max) readers are in the archive at once: end other programs that read it."
        case .processNumberTaken(let path):
            "\(path) is open in another container, in a process that has the number of this one: repeat the command."
        case .index(let detail):
            "The index of the archive failed (\(detail)): make room or move index.sqlite away, it is rebuilt."
        case .noArchive(let folder):
            "There is no archive in \(folder): name the data folder of a node, or a backup."
        case .unreadable(let path, let reason):
            "\(path) cannot be read (\(reason)): check that it exists and who owns it."
        case .notCopied(let path, let reason):
            "The archive could not be copied to \(path) (\(reason)): make room there, or choose another place."
        case .copyStopped:
            "The archive was not copied to the end: repeat it."
        case .keptArchive(let path):
            "\(path) exists, which an earlier \"compact --keep\" kept: delete it or move it away, or leave out --keep."
        case .unfinishedCompact(let path):
            "\(path) is what the archive was before it was compacted, and the archive that took its place does not open: "
                + "see what \"bristlecone-dump verify\" says, and give the old one its name back if it is the better one."
        case .isBackup(let folder):
            "\(folder) is a backup, whose checksums would not match any more: restore it with \"bristlecone restore\", and "
                + "name the folder that you restored it to."
        case .foreignFolder(let folder, let owner):
            "\(folder) belongs to \(owner), who could not use what root writes there: run it as that user, with \"sudo -u "
                + "\(owner)\"."
        case .inUse(let folder):
            "A node, or another tool, is using \(folder): stop it first."
        case .beingRead(let folder, let processIDs):
            "A program that reads \(folder)\(Self.pids(processIDs)) has not finished: wait for it, or stop it."
        case .unsafe(let path, let problem, let remedy):
            "\(path) \(problem): \(remedy)"
        case .misplaced(let path, let detail):
            "\(path) \(detail), so nothing is stored any more: put it back, or save what the node still has open with "
                + "\"bristlecone backup\" and then restore that."
        case .refused(let refusal): refusal.description
        case .tooFarBehind(let number, let first):
            "The changes after \(number) are no longer all in the journal, which begins with change \(first): start again from "
                + "a new export, or follow from change \(first == 0 ? 0 : first - 1) on."
        case .aheadOfArchive(let number, let last):
            "The archive has no change \(number), its last one is \(last): it was restored from a backup, or is another "
                + "archive; start again from a new export."
        case .otherChange(let number):
            "Change \(number) is another one than yours: the archive was restored from a backup since then; start again from "
                + "a new export."
        case .closed:
            "The archive has been closed: open it again."
        case .failed(let operation, let reason):
            "LMDB failed at \(operation) (\(reason)): restart, and check the file if it happens again."
        }
    }

    private static func pids(_ processIDs: [Int32]) -> String {
        guard let first = processIDs.first else { return "" }
        return processIDs.count == 1
            ? " (pid \(first))" : " (pids \(processIDs.map(String.init).joined(separator: ", ")))"
    }

    private static func text(_ byteCount: Int) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        var unit = 0
        var count = byteCount
        while count >= 1024, count % 1024 == 0, unit < units.count - 1 {
            count /= 1024
            unit += 1
        }
        return "\(count) \(units[unit])"
    }
}
