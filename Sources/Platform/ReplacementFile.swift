internal import Glibc
package import SystemPackage

/// A new file that gets its name once it is whole and on the disk, and that replaces a file of that name in one step.
///
/// Until then the file has no name at all, so a killed process leaves nothing behind and nobody can open, exchange or
/// plant it. Some file systems know no files without a name: there it has a name that nobody can predict, in the same
/// folder. It always belongs to this process's user alone and never follows a link.
package final class ReplacementFile {
    /// The open file, for writing.
    package let descriptor: Int32
    private let folder: Int32
    private let name: String
    /// Its name for the time being; `nil` as long as it has none, and once it has its own.
    private var temporaryName: String?

    /// Creates the file.
    ///
    /// - Parameters:
    ///   - name: the last component of its later path.
    ///   - folder: the open folder for it.
    ///   - mayBeUnnamed: whether to have the file without a name where the file system can.
    package init(_ name: String, in folder: Int32, mayBeUnnamed: Bool = true) throws(Errno) {
        self.name = name
        self.folder = try Errno.check { fcntl(folder, F_DUPFD_CLOEXEC, 0) }
        do {
            if mayBeUnnamed, let unnamed = try ReplacementFile.unnamed(in: self.folder) {
                descriptor = unnamed
            } else {
                (descriptor, temporaryName) = try ReplacementFile.create(name, in: self.folder)
            }
        } catch {
            close(self.folder)
            throw error
        }
    }

    deinit {
        abandon()
        close(descriptor)
        close(folder)
    }

    /// Writes all of the bytes, behind those that were written before.
    package func write(_ bytes: [UInt8]) throws(Errno) { try WholeBytes.write(bytes[...], to: descriptor) }

    /// Gives the file its name. When this returns, file and name are on the disk.
    package func commit() throws(Errno) {
        try Errno.check { fsync(descriptor) }
        if temporaryName == nil {
            guard try !takeFreeName() else { return try synchronizeFolder() }
            temporaryName = try link()
        }
        if let temporaryName {
            try Errno.check { renameat(folder, temporaryName, folder, name) }
            self.temporaryName = nil
        }
        try synchronizeFolder()
    }

    /// Removes the file unless it has its name.
    package func abandon() {
        if let temporaryName { unlinkat(folder, temporaryName, 0) }
        temporaryName = nil
    }

    /// Gives a file without a name its own where nothing else has it; answers whether that was so.
    private func takeFreeName() throws(Errno) -> Bool {
        do {
            try ReplacementFile.link(descriptor, as: name, in: folder)
            return true
        } catch  where error == .fileExists {
            return false
        }
    }

    /// Gives a file without a name one that nobody can predict.
    private func link() throws(Errno) -> String {
        while true {
            let other = ReplacementFile.unpredictable(name)
            do {
                try ReplacementFile.link(descriptor, as: other, in: folder)
                return other
            } catch  where error == .fileExists {
                continue
            }
        }
    }

    private func synchronizeFolder() throws(Errno) { try Errno.check { fsync(folder) } }

    private static func link(_ descriptor: Int32, as name: String, in folder: Int32) throws(Errno) {
        try Errno.check {
            linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", folder, name, AT_SYMLINK_FOLLOW)
        }
    }

    /// `O_TMPFILE` is a macro that Swift does not see: a bit of its own beside the one for folders.
    private static let temporaryFlags = 0o20_000_000 | O_DIRECTORY

    /// What file systems without such files answer.
    private static let unnamedRefusals: Set<Errno> = [
        .notSupportedOnSocket, .isDirectory, .invalidArgument, .noSuchFileOrDirectory,
    ]

    /// A file without a name; `nil` where the file system has none, or where it could not be given a name later.
    private static func unnamed(in folder: Int32) throws(Errno) -> Int32? {
        guard access("/proc/self/fd", X_OK) == 0 else { return nil }
        do {
            return try Errno.check {
                openat(folder, ".", temporaryFlags | O_WRONLY | O_CLOEXEC, FilePermissions.ownerReadWrite.rawValue)
            }
        } catch  where unnamedRefusals.contains(error) {
            return nil
        }
    }

    private static func create(
        _ name: String, in folder: Int32
    ) throws(Errno) -> (Int32, String?) {
        while true {
            let other = unpredictable(name)
            do {
                let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
                return (
                    try Errno.check { openat(folder, other, flags, FilePermissions.ownerReadWrite.rawValue) }, other
                )
            } catch  where error == .fileExists {
                continue
            }
        }
    }

    /// A name that begins with a dot and the name, as far as there is room, and ends with 64 random bits.
    private static func unpredictable(_ name: String) -> String {
        var random = SystemRandomNumberGenerator()
        var start = name
        while start.utf8.count > 200 { start.removeLast() }
        return ".\(start).\(String(random.next(), radix: 16)).unfinished"
    }
}
