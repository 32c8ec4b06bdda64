internal import Archive
internal import Dispatch
internal import Glibc
internal import Platform
internal import SystemPackage

/// Runs this program a second time, with the same arguments, as the child that reads the archive.
enum Worker {
    /// How a child ended.
    enum End: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    /// The exit status of a child that needs another process number, before it has read or written anything.
    static let needsAnotherNumber: Int32 = 111
    /// How many children are tried. Each gets another number, and a container has few processes that look into one archive.
    private static let attemptsMax = 16
    private static let mark = "BRISTLECONE_DUMP_WORKER"
    /// Names the descriptor on which the child has the end of a pipe that closes when its parent is gone.
    private static let lifelineMark = "BRISTLECONE_DUMP_LIFELINE"

    /// Whether this process is that child.
    static var isWorker: Bool { getenv(mark) != nil }

    /// Which part of a command the child is to do.
    static var step: String { getenv(mark).map { String(cString: $0) } ?? "" }

    /// Ends the child when its parent is gone, however that was ended: nobody is left to hear it.
    static func endWithParent() {
        guard let lifeline = getenv(lifelineMark).flatMap({ Int32(String(cString: $0)) }) else { return }
        DispatchQueue.global().async {
            var byte: UInt8 = 0
            while true {
                let count = read(lifeline, &byte, 1)
                if count < 0, errno == EINTR { continue }
                if count == 0 { _exit(1) }
                return
            }
        }
    }

    /// Runs the child and waits until it ends; another one if it needs another process number.
    ///
    /// - Parameters:
    ///   - step: which part of a command it is to do.
    ///   - takeLine: given each line that the child writes to its standard output; without it the child
    ///     writes to ours.
    static func run(step: String = "run", _ takeLine: ((String) -> Void)? = nil) throws(DumpFailure) -> End {
        for _ in 1..<attemptsMax {
            let end = try runOnce(step, takeLine)
            if end != .exited(needsAnotherNumber) { return end }
        }
        let end = try runOnce(step, takeLine)
        guard end != .exited(needsAnotherNumber) else {
            throw DumpFailure(
                message: ArchiveError.processNumberTaken(path: "The archive").description,
                status: DumpFailure.cannotRead)
        }
        return end
    }

    private static func runOnce(_ step: String, _ takeLine: ((String) -> Void)?) throws(DumpFailure) -> End {
        setenv(mark, step, 1)
        // A crash is expected here, and its backtrace nobody's concern.
        setenv("SWIFT_BACKTRACE", "enable=no", 1)
        var ends: [Int32] = [-1, -1]
        if takeLine != nil {
            guard pipe(&ends) == 0 else { throw failure(.last) }
            // Its copy in the child would keep our reading end from ever seeing an end.
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        var life: [Int32] = [-1, -1]
        guard pipe(&life) == 0 else { throw failure(.last) }
        for end in life { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { for end in life { close(end) } }
        let child = try spawn(output: ends[1], lifeline: life[0])
        if let takeLine {
            close(ends[1])
            readLines(from: ends[0], takeLine)
            close(ends[0])
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
    }

    private static func spawn(output: Int32, lifeline end: Int32) throws(DumpFailure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if output >= 0 { posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) }
        // It keeps its number, which no descriptor that the caller handed to this program has: the child inherits those
        // too. Copying it onto itself lets it through to the child.
        posix_spawn_file_actions_adddup2(&actions, end, end)
        setenv(lifelineMark, "\(end)", 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, "/proc/self/exe", &actions, nil, &arguments, environ)
        guard code == 0 else { throw failure(Errno(rawValue: code)) }
        return child
    }

    private static func failure(_ error: Errno) -> DumpFailure {
        DumpFailure(
            message: "The process that reads the archive cannot start (\(error)): "
                + "check that /proc is mounted and how many processes you may have.",
            status: DumpFailure.cannotRead)
    }

    private static func readLines(from descriptor: Int32, _ takeLine: (String) -> Void) {
        var rest: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest += chunk[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                takeLine(String(decoding: rest[..<end], as: UTF8.self))
                rest.removeFirst(end + 1)
            }
        }
    }
}
