internal import Glibc
internal import Platform
internal import SystemPackage

/// An output under way.
///
/// A regular file gets its name once it is whole and on the disk, in the place of one that had it before. Anything else
/// is written through to: a pipe, a device, a socket, an open descriptor; `-` is standard output.
final class OutputFile {
    private let path: String
    private let descriptor: Int32
    private let ownsDescriptor: Bool
    private let replacement: ReplacementFile?
    private var buffer: [UInt8] = []
    /// How many bytes were written.
    private(set) var byteCount = 0

    private static let bufferBytes = 1 << 18

    /// Opens the output.
    ///
    /// - Parameter source: the data folder or backup that is being read, which the output must not destroy; `nil` if it is
    ///   a dump.
    init(_ path: String, readingFrom source: String?) throws(FileFailure) {
        self.path = path
        let place = try OutputPlace(path)
        if let source { try place.requireForeign(to: source, path) }
        switch place {
        case .descriptor(let descriptor):
            (self.descriptor, ownsDescriptor, replacement) = (descriptor, false, nil)
        case .special(let place, let status):
            (descriptor, ownsDescriptor, replacement) = (try OutputFile.open(place, status, path), true, nil)
        case .file(let name, let folder):
            let replacement = try OutputFile.create(name, in: folder, path)
            (descriptor, ownsDescriptor, self.replacement) = (replacement.descriptor, false, replacement)
        }
    }

    deinit { if ownsDescriptor { close(descriptor) } }

    /// Whether it is a terminal, or standard output under any name.
    var isTerminal: Bool { isatty(descriptor) == 1 }
    var isStandardOutput: Bool {
        if descriptor == STDOUT_FILENO { return true }
        guard replacement == nil, let own = FileIdentity(descriptor: descriptor) else { return false }
        return own == FileIdentity(descriptor: STDOUT_FILENO)
    }

    func write(_ bytes: some Sequence<UInt8>) throws {
        buffer.append(contentsOf: bytes)
        if buffer.count >= OutputFile.bufferBytes { try flush() }
    }

    /// Writes the remaining bytes, and puts a regular file in its place.
    func finish() throws {
        try flush()
        do {
            if let replacement { return try replacement.commit() }
        } catch {
            throw OutputFile.failure(path, error)
        }
        do {
            try Errno.check { fsync(descriptor) }
        } catch {
            // Pipes and most devices cannot be synced.
            guard [.invalidArgument, .readOnlyFileSystem, .notSupported].contains(error) else {
                throw OutputFile.failure(path, error)
            }
        }
    }

    /// Removes the unfinished file, if it is one of our own.
    func abandon() { replacement?.abandon() }

    private func flush() throws {
        try OutputFile.write(buffer, to: descriptor, named: path == "-" ? "Standard output" : path)
        byteCount += buffer.count
        buffer.removeAll(keepingCapacity: true)
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32, named name: String) throws {
        do { try WholeBytes.write(bytes[...], to: descriptor) } catch { throw failure(name, error) }
    }

    static func failure(_ path: String, _ error: Errno) -> FileFailure {
        FileFailure(path, "cannot be written (\(error)): make room there, or choose another place.")
    }

    /// Opens something that is not a regular file, and checks that nobody has replaced it since the decision.
    private static func open(_ place: String, _ status: stat, _ path: String) throws(FileFailure) -> Int32 {
        if status.kind == S_IFSOCK { return try connect(place, path) }
        let descriptor = Glibc.open(place, O_WRONLY | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, .last) }
        // The system's name for somebody else's open pipe is a link, and its target is known only now.
        guard let opened = try? FileStatus.of(descriptor: descriptor), !opened.isRegularFile,
            status.isLink || opened.identity == status.identity
        else {
            close(descriptor)
            throw FileFailure(path, "was replaced while it was being opened: choose another file.")
        }
        return descriptor
    }

    private static func connect(_ place: String, _ path: String) throws(FileFailure) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(place.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw failure(path, .fileNameTooLong) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure(path, .last) }
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else {
            let error = Errno.last
            close(descriptor)
            throw failure(path, error)
        }
        return descriptor
    }

    private static func create(_ name: String, in folder: String, _ path: String) throws(FileFailure) -> ReplacementFile
    {
        do {
            let opened = try OpenFolder(folder)
            return try ReplacementFile(name, in: opened.descriptor)
        } catch {
            throw failure(path, error)
        }
    }
}
