package import Glibc
package import SystemPackage

/// A folder that is open: whatever is done in it is done there even if somebody renames it meanwhile.
package struct OpenFolder: ~Copyable, Sendable {
    private let file: OpenFile

    /// Opens an existing folder.
    package init(_ path: String) throws(Errno) {
        file = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
    }

    /// The number that the system knows it by.
    package var descriptor: Int32 { file.descriptor }

    /// Whether this process may create files in it; `nil`, or why not.
    package var refusalToWrite: Errno? {
        do {
            try Errno.check { faccessat(descriptor, ".", W_OK | X_OK, AT_EACCESS) }
            return nil
        } catch {
            return error
        }
    }

    /// What the system tells about a file in it, links not followed; `nil` where there is none.
    package func status(of name: String) throws(Errno) -> stat? {
        do {
            return try FileStatus.of(name, in: descriptor, followsLinks: false)
        } catch  where error == .noSuchFileOrDirectory {
            return nil
        }
    }

    /// The contents of a file in it; `nil` where there is none. One byte more than the limit where there is more.
    package func contents(of name: String, bytesMax: Int) throws(Errno) -> [UInt8]? {
        do {
            // Opening a FIFO would wait for somebody to write to it.
            return try OpenFile(name, in: descriptor, flags: O_RDONLY | O_NONBLOCK).read(bytesMax: bytesMax)
        } catch  where error == .noSuchFileOrDirectory {
            return nil
        }
    }

    /// Creates a file for its owner alone, or replaces it, so that after a crash there is all of it or nothing.
    package func create(_ name: String, _ bytes: [UInt8]) throws(Errno) {
        // What a crash of earlier versions left behind.
        try remove(name + ".unfinished")
        let replacement = try ReplacementFile(name, in: descriptor)
        try replacement.write(bytes)
        try replacement.commit()
    }

    /// Removes a file; one that is not there is fine.
    package func remove(_ name: String) throws(Errno) {
        do {
            try Errno.check { unlinkat(descriptor, name, 0) }
        } catch  where error == .noSuchFileOrDirectory {
            return
        }
    }

    /// The names of all that is in it, sorted.
    package func names() throws(Errno) -> [String] {
        let own = try Errno.check { openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let listing = fdopendir(own) else {
            let error = Errno.last
            close(own)
            throw error
        }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
