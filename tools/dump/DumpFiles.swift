internal import Archive
internal import Glibc

/// A file that cannot be used: its name, and the end of a sentence.
struct FileFailure: Error, CustomStringConvertible {
    let name: String
    let ending: String

    init(_ name: String, _ ending: String) {
        (self.name, self.ending) = (name, ending)
    }

    init(_ name: String, _ error: DumpError) { self.init(name, "\(error)") }

    var description: String { "\(name) \(ending)" }
}

/// Files that are read: by their names, or standard input for `-`.
enum InputFile {
    /// How a file is called in a sentence.
    static func name(_ path: String) -> String { path == "-" ? "Standard input" : path }

    /// Opens a file that is read once.
    static func open(_ path: String) throws(FileFailure) -> DumpInput {
        guard path != "-" else { return DumpInput(descriptor: STDIN_FILENO, closes: false) }
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path, errno) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            close(file)
            throw FileFailure(
                name(path), "is a folder: name a file; \"bristlecone-dump export\" makes a dump of an archive.")
        }
        return DumpInput(descriptor: file, closes: true)
    }

    /// Opens a file that is read several times: what cannot be, as a pipe, is put into a temporary file first.
    static func openTwice(_ path: String, temporaryFolder: String) throws -> DumpInput {
        let input = try open(path)
        return input.isRegularFile ? input : try spool(input, named: name(path), into: temporaryFolder)
    }

    private static func spool(_ input: DumpInput, named name: String, into folder: String) throws -> DumpInput {
        var template = Array((folder + "/bristlecone-XXXXXX").utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw failure(folder, errno) }
        // Gone with the process, however it ends.
        unlink(template)
        do {
            while true {
                let bytes = try input.read(1 << 18)
                guard !bytes.isEmpty else { break }
                try OutputFile.write(bytes, to: file, named: folder)
            }
            let copy = DumpInput(descriptor: file, closes: true)
            try copy.rewind()
            return copy
        } catch let error as DumpError {
            throw FileFailure(name, error)
        }
    }

    static func failure(_ path: String, _ code: Int32) -> FileFailure {
        FileFailure(name(path), .unreadable(String(cString: strerror(code))))
    }
}

/// A file that is written: it gets its name once it is whole and on the disk. Standard output for `-`.
final class OutputFile {
    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// How many bytes were written.
    private(set) var byteCount = 0

    private static let bufferBytes = 1 << 18

    private var unfinished: String { path + ".unfinished" }
    private var isStandardOutput: Bool { path == "-" }

    init(_ path: String) throws(FileFailure) {
        self.path = path
        guard path != "-" else {
            descriptor = STDOUT_FILENO
            return
        }
        descriptor = open(path + ".unfinished", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw OutputFile.failure(path, errno) }
    }

    deinit { if !isStandardOutput { close(descriptor) } }

    func write(_ bytes: some Sequence<UInt8>) throws {
        buffer.append(contentsOf: bytes)
        if buffer.count >= OutputFile.bufferBytes { try flush() }
    }

    /// Puts the file in its place.
    func finish() throws {
        try flush()
        guard !isStandardOutput else { return }
        guard fsync(descriptor) == 0, rename(unfinished, path) == 0 else { throw OutputFile.failure(path, errno) }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw OutputFile.failure(folder, errno) }
        defer { close(opened) }
        guard fsync(opened) == 0 else { throw OutputFile.failure(folder, errno) }
    }

    /// Removes what was written so far.
    func abandon() { if !isStandardOutput { unlink(unfinished) } }

    private func flush() throws {
        try OutputFile.write(buffer, to: descriptor, named: isStandardOutput ? "Standard output" : path)
        byteCount += buffer.count
        buffer.removeAll(keepingCapacity: true)
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32, named name: String) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(name, errno) }
            rest = rest.dropFirst(count)
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> FileFailure {
        FileFailure(
            path, "cannot be written (\(String(cString: strerror(code)))): make room there, or choose another place.")
    }
}

/// Where temporary files go.
enum TemporaryFolder {
    static var path: String {
        guard let folder = getenv("TMPDIR"), folder.pointee != 0 else { return P_tmpdir }
        return String(cString: folder)
    }
}
