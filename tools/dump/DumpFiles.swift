internal import Archive
internal import Glibc
internal import Platform
internal import SystemPackage

/// A file that cannot be used: its name, and the end of a sentence.
struct FileFailure: Error, CustomStringConvertible {
    let name: String
    let ending: String

    init(_ name: String, _ ending: String) {
        (self.name, self.ending) = (name, ending)
    }

    init(_ name: String, _ error: DumpError) { self.init(name, "\(error)") }

    init(_ name: String, _ refusal: IncrementRefusal) { self.init(name, "\(refusal)") }

    var description: String { "\(name) \(ending)" }
}

/// Reads input files: by name, or standard input for `-`.
enum InputFile {
    /// How a file is called in a sentence.
    static func name(_ path: String) -> String { path == "-" ? "Standard input" : path }

    /// Opens a file that is read once.
    static func open(_ path: String) throws(FileFailure) -> DumpInput {
        guard path != "-" else { return DumpInput(descriptor: STDIN_FILENO, closes: false) }
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path, .last) }
        guard let status = try? FileStatus.of(descriptor: file), !status.isFolder else {
            close(file)
            throw FileFailure(
                name(path), "is a folder: name a file; \"bristlecone-dump export\" makes a dump of an archive.")
        }
        return DumpInput(descriptor: file, closes: true)
    }

    /// Opens a file that is read several times. A pipe is copied to a temporary file first.
    static func openTwice(_ path: String, temporaryFolder: String) throws -> DumpInput {
        let input = try open(path)
        return input.isRegularFile ? input : try spool(input, named: name(path), into: temporaryFolder)
    }

    private static func spool(_ input: DumpInput, named name: String, into folder: String) throws -> DumpInput {
        var template = Array((folder + "/bristlecone-XXXXXX").utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw failure(folder, .last) }
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

    static func failure(_ path: String, _ error: Errno) -> FileFailure {
        FileFailure(name(path), .unreadable("\(error)"))
    }
}

/// The folder for temporary files.
enum TemporaryFolder {
    static var path: String {
        guard let folder = getenv("TMPDIR"), folder.pointee != 0 else { return P_tmpdir }
        return String(cString: folder)
    }
}
