internal import Glibc
internal import Platform
internal import SystemPackage

/// Checks whether another user can change a data folder, or has planted something in it that this program would write to or
/// trust.
///
/// The folder and its files must belong to the user of this process or to root, and nobody else may write to them. A group
/// may, because that is how containers get their volumes. A file that this program creates by its name must not be a link or
/// have a second name: writing to it would change another file.
package enum FolderSafety {
    /// Checks an open folder, and the files of ours in it.
    ///
    /// - Returns: what is allowed, and still something to hear about; each a sentence.
    package static func check(_ folder: Int32, _ path: String) throws(ArchiveError) -> [String] {
        let status: stat
        do {
            status = try FileStatus.of(descriptor: folder)
        } catch {
            throw .unreadable(path: path, reason: "\(error)")
        }
        guard isTrusted(status.st_uid) else {
            let owner = FileStatus.userName(status.st_uid)
            if geteuid() == 0 { throw .foreignFolder(folder: path, owner: owner) }
            throw .unsafe(
                path: path, problem: "belongs to the user \(owner), who can replace everything in it",
                remedy: "run this as that user, or name another folder")
        }
        guard status.st_mode & S_IWOTH == 0 else {
            throw .unsafe(
                path: path, problem: "can be written to by every user (permissions \(permissions(status)))",
                remedy: "run: chmod o-w \(path)")
        }
        for name in names { try check(name, in: folder, "\(path)/\(name)") }
        guard status.st_mode & S_IWGRP != 0 else { return [] }
        return [
            "The data folder \(path) can be written to by its group (permissions \(permissions(status))); "
                + "if that is not meant, run: chmod g-w \(path)"
        ]
    }

    /// What this program opens by its name in a data folder.
    private static let names =
        linkable.sorted() + [
            "archive.mdb-lock", "archive.mdb.new", "archive.mdb.new-lock", "archive.mdb.compacted",
            "archive.mdb.before-compact", "index.sqlite-wal", "index.sqlite-shm", "index.sqlite-journal",
            "index.sqlite.damaged", "bristlecone.format", FolderLock.name, socketName,
        ]

    /// What an operator may keep elsewhere, on another disk or among a container's secrets.
    private static let linkable: Set<String> = ["archive.mdb", "bristlecone.yaml", "identity.key", "index.sqlite"]
    /// What has two names for as long as the archive is being compacted.
    private static let doubles: Set<String> = ["archive.mdb", "archive.mdb.before-compact"]
    private static let socketName = "control.sock"

    private static func check(_ name: String, in folder: Int32, _ path: String) throws(ArchiveError) {
        var status: stat
        do {
            status = try FileStatus.of(name, in: folder, followsLinks: false)
        } catch {
            if error == .noSuchFileOrDirectory { return }
            throw .unreadable(path: path, reason: "\(error)")
        }
        try checkOwner(status, path)
        if status.isLink {
            guard linkable.contains(name) else { throw link(path) }
            // One that leads nowhere is told of by whoever opens it.
            guard let destination = try? FileStatus.of(name, in: folder) else { return }
            status = destination
            try checkOwner(status, path)
        } else if !doubles.contains(name) {
            try checkNames(status, path)
        }
        let kind = name == socketName ? S_IFSOCK : S_IFREG
        guard status.kind == kind else {
            throw .unsafe(
                path: path, problem: "is not a \(name == socketName ? "socket" : "regular file")",
                remedy: "move it out of the data folder")
        }
        // Who may connect to a socket, the folder decides too, and the node asks the system who has.
        guard kind == S_IFSOCK || status.st_mode & S_IWOTH == 0 else {
            throw .unsafe(
                path: path, problem: "can be written to by every user (permissions \(permissions(status)))",
                remedy: "run: chmod o-w \(path)")
        }
    }

    private static func checkOwner(_ status: stat, _ path: String) throws(ArchiveError) {
        guard !isTrusted(status.st_uid) else { return }
        throw .unsafe(
            path: path, problem: "belongs to the user \(FileStatus.userName(status.st_uid))",
            remedy: "if it is yours, run: chown \(FileStatus.userName(geteuid())) \(path)")
    }

    private static func checkNames(_ status: stat, _ path: String) throws(ArchiveError) {
        guard status.isRegularFile, status.st_nlink > 1 else { return }
        throw .unsafe(
            path: path,
            problem: "has \(status.st_nlink) names (hard links), so that writing to it changes another file",
            remedy: "copy it and put the copy in its place")
    }

    /// The error for a symbolic link where there has to be a file.
    static func link(_ path: String) -> ArchiveError {
        .unsafe(path: path, problem: "is a symbolic link, which is not followed", remedy: "remove it: rm \(path)")
    }

    /// Checks the file that LMDB writes readers into, before LMDB opens it without such a check.
    ///
    /// - Parameter descriptor: the file, open.
    static func checkWritten(_ descriptor: Int32, _ path: String) throws(ArchiveError) {
        let status: stat
        do {
            status = try FileStatus.of(descriptor: descriptor)
        } catch {
            throw .unreadable(path: path, reason: "\(error)")
        }
        guard status.isRegularFile else {
            throw .unsafe(path: path, problem: "is not a regular file", remedy: "remove it while no node runs")
        }
        try checkNames(status, path)
    }

    private static func isTrusted(_ user: uid_t) -> Bool { user == geteuid() || user == 0 }

    private static func permissions(_ status: stat) -> String {
        "0" + String(status.st_mode & 0o7777, radix: 8)
    }
}
