internal import Archive
internal import Glibc

/// A folder that is open: whatever is done in it is done there even if somebody renames it meanwhile.
struct OpenFolder: ~Copyable, Sendable {
    private let file: OpenFile

    /// Opens an existing folder.
    init(_ path: String) throws(SystemError) {
        file = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
    }

    /// The number that the system knows it by.
    var descriptor: Int32 { file.descriptor }

    /// Whether this process may create files in it; `nil`, or why not.
    var refusalToWrite: SystemError? {
        do {
            try SystemError.check { faccessat(descriptor, ".", W_OK | X_OK, AT_EACCESS) }
            return nil
        } catch {
            return error
        }
    }

    /// What the system tells about a file in it, links not followed; `nil` where there is none.
    func status(of name: String) throws(SystemError) -> stat? {
        var status = stat()
        do {
            try SystemError.check { fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) }
            return status
        } catch  where error.code == ENOENT {
            return nil
        }
    }

    /// The contents of a file in it; `nil` where there is none. One byte more than the limit where there is more.
    func contents(of name: String, bytesMax: Int) throws(SystemError) -> [UInt8]? {
        do {
            // Opening a FIFO would wait for somebody to write to it.
            return try OpenFile(name, in: descriptor, flags: O_RDONLY | O_NONBLOCK).read(bytesMax: bytesMax)
        } catch  where error.code == ENOENT {
            return nil
        }
    }

    /// Creates a file, or replaces it, so that after a crash there is all of it or nothing.
    func create(_ name: String, _ bytes: [UInt8], permissions: mode_t) throws(SystemError) {
        // What a crash of earlier versions left behind.
        try remove(name + ".unfinished")
        do {
            let replacement = try ReplacementFile(name, in: descriptor, permissions: permissions)
            let file = OpenFile(owning: try SystemError.check { dup(replacement.descriptor) })
            try file.write(bytes)
            try replacement.commit()
        } catch let error as FileFault {
            throw SystemError(code: error.code)
        } catch let error as SystemError {
            throw error
        } catch {
            throw SystemError(code: EIO)
        }
    }

    /// Removes a file; one that is not there is fine.
    func remove(_ name: String) throws(SystemError) {
        do {
            try SystemError.check { unlinkat(descriptor, name, 0) }
        } catch  where error.code == ENOENT {
            return
        }
    }

    /// The names of all that is in it, sorted.
    func names() throws(SystemError) -> [String] {
        let own = try SystemError.check { openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let listing = fdopendir(own) else {
            let code = errno
            close(own)
            throw SystemError(code: code)
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
