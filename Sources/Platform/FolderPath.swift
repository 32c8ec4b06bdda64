internal import CLinux
internal import Glibc
package import SystemPackage

/// A folder by its path, for what is done with a folder as a whole.
package struct FolderPath: Hashable, Sendable {
    /// The path, without slashes at its end.
    package let text: String

    /// Takes a path as somebody wrote it.
    package init(_ text: String) {
        var rest = text[...]
        while rest.count > 1, rest.last == "/" { rest.removeLast() }
        self.text = String(rest)
    }

    /// The folder that this one lies in.
    package var parent: FolderPath {
        guard let slash = text.lastIndex(of: "/") else { return FolderPath(".") }
        return FolderPath(slash == text.startIndex ? "/" : String(text[..<slash]))
    }

    /// The last part of its path.
    package var name: String { text.split(separator: "/").last.map(String.init) ?? "." }

    /// A folder beside it, whose name begins with its own.
    package func sibling(_ suffix: String) -> FolderPath { FolderPath(text + suffix) }

    /// The same folder by its real name and place: no link, and not `.`. One that is not there yet lies in a folder that may be.
    package var resolved: FolderPath {
        if let path = FolderPath.realPath(text) { return FolderPath(path) }
        return FolderPath.realPath(parent.text).map { FolderPath($0 == "/" ? "/\(name)" : "\($0)/\(name)") } ?? self
    }

    private static func realPath(_ text: String) -> String? {
        guard let path = realpath(text, nil) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }

    /// Whether there is anything of that name; a link counts, wherever it leads.
    package func exists() throws(Errno) -> Bool {
        do {
            _ = try FileStatus.of(text, followsLinks: false)
            return true
        } catch  where error == .noSuchFileOrDirectory {
            return false
        }
    }

    /// Whether it is on another disk than the folder that it lies in.
    package var isMountPoint: Bool {
        var (own, outer) = (stat(), stat())
        return lstat(text, &own) == 0 && stat(parent.text, &outer) == 0 && own.st_dev != outer.st_dev
    }

    /// Makes the folder, for its owner alone.
    package func create() throws(Errno) { try Errno.check { mkdir(text, 0o700) } }

    /// Gives it another name, on the disk when this returns; a folder that holds nothing may be in the way.
    package func rename(to other: FolderPath) throws(Errno) {
        try Errno.check { Glibc.rename(text, other.text) }
        try other.parent.synchronize()
    }

    /// Has two folders change names, in one step: at every moment there is one of each name, on the disk too. A failure means
    /// that they have not.
    package func exchange(with other: FolderPath) throws(Errno) {
        try Errno.check {
            renameat2(AT_FDCWD, text, AT_FDCWD, other.text, UInt32(RENAME_EXCHANGE))
        }
        // Where the disk does not confirm it, it has either of the two, and both are whole.
        try? other.parent.synchronize()
    }

    /// Returns once the names of what is in it are on the disk.
    package func synchronize() throws(Errno) {
        try OpenFile(text, flags: O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// Removes a folder that has nothing in it.
    package func removeEmpty() throws(Errno) { try Errno.check { rmdir(text) } }

    /// Removes it with the files in it, as far as that goes; folders in it stay.
    package func removeWithFiles() {
        for name in (try? OpenFolder(text).names()) ?? [] { unlink("\(text)/\(name)") }
        rmdir(text)
    }
}
