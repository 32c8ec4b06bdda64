internal import Archive
internal import Glibc
internal import Platform
internal import SystemPackage

/// The folder that a backup or a restore fills before it gets its real name.
///
/// It is locked as long as this value lives. So what a killed run left behind is told from what another run is writing,
/// and the next run clears it away. Only files that such a run makes are removed, and only from a folder of this user.
struct WorkFolder: ~Copyable {
    let path: FolderPath
    private let file: OpenFile

    /// Why the folder cannot be had.
    enum Refusal: Error {
        /// Another run is filling it.
        case inUse
        /// It is not for this program to clear away; the end of a sentence tells why.
        case notOurs(String)
        case failed(Errno)
    }

    /// Makes the folder, or takes over the one that a killed run left.
    init(_ path: FolderPath) throws(Refusal) {
        while true {
            if let claimed = try WorkFolder.claim(path) {
                file = claimed
                self.path = path
                return
            }
        }
    }

    /// Makes and locks the folder; `nil` if the run that made it has given it its real name meanwhile.
    private static func claim(_ path: FolderPath) throws(Refusal) -> OpenFile? {
        do {
            let opened = try open(path)
            let own = try opened.status()
            guard own.st_uid == geteuid() else { throw Refusal.notOurs("it belongs to another user") }
            guard flock(opened.descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Refusal.inUse }
            let named = try OpenFolder(path.parent.text).status(of: path.name)
            guard named?.st_dev == own.st_dev, named?.st_ino == own.st_ino else { return nil }
            return opened
        } catch let refusal as Refusal {
            throw refusal
        } catch let error as Errno {
            throw refusal(error)
        } catch {
            throw .notOurs("\(error)")
        }
    }

    /// Removes what a killed run left, so that the folder is empty.
    ///
    /// - Parameter isOurs: whether a run makes files of this name.
    func clear(_ isOurs: (String) -> Bool) throws(Refusal) {
        do {
            let names = try names()
            if let other = names.first(where: { !isOurs($0) }) { throw Refusal.notOurs("it holds \(quoted(other))") }
            let folder = try OpenFolder(path.text)
            for name in names { try folder.remove(name) }
        } catch let refusal as Refusal {
            throw refusal
        } catch let error as Errno {
            throw WorkFolder.refusal(error)
        } catch {
            throw .notOurs("\(error)")
        }
    }

    /// The names of all that is in it, sorted.
    func names() throws(Errno) -> [String] { try OpenFolder(path.text).names() }

    /// Opens the folder, which is made unless it is there; a link is not followed.
    private static func open(_ path: FolderPath) throws(Errno) -> OpenFile {
        while true {
            do {
                try path.create()
            } catch  where error == .fileExists {}
            do {
                return try OpenFile(path.text, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            } catch  where error == .noSuchFileOrDirectory {
                // Whoever had it was faster: it has its real name by now.
                continue
            }
        }
    }

    private static func refusal(_ error: Errno) -> Refusal {
        [.notDirectory, .tooManySymbolicLinkLevels].contains(error) ? .notOurs("it is no folder") : .failed(error)
    }
}
