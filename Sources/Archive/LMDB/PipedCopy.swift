internal import CLMDB
internal import Glibc

/// A copy of an LMDB file that can be stopped.
///
/// LMDB's own loop does not return before it is through. So it writes into a pipe, on a thread of its own, and ends when
/// nobody reads that any more; what comes out of the pipe goes to the file.
final class PipedCopy {
    private let environment: OpaquePointer
    /// The ends of the pipe; LMDB's is closed when LMDB is through.
    private let reading: Int32
    private let writing: Int32
    /// What LMDB said; to be read when its thread has ended.
    private var code = MDB_SUCCESS

    /// As much as a pipe holds.
    private static let chunkBytes = 1 << 16

    /// - Parameter environment: open for as long as the copy is being made.
    /// - Returns: `nil` where the system has no pipe left; `errno` says why.
    init?(of environment: OpaquePointer) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (reading, writing) = (ends[0], ends[1])
        self.environment = environment
    }

    /// Writes all of it to a file that is open for writing.
    ///
    /// - Parameter isStopped: asked after each piece.
    /// - Returns: LMDB's code, or the system's; `ECANCELED` where it was stopped.
    func write(to descriptor: Int32, unless isStopped: () -> Bool) -> Int32 {
        var thread = pthread_t()
        let own = Unmanaged.passRetained(self)
        let status = pthread_create(&thread, nil, PipedCopy.work, own.toOpaque())
        guard status == 0 else {
            own.release()
            close(writing)
            close(reading)
            return status
        }
        let failure = pass(to: descriptor, unless: isStopped)
        // Where LMDB still writes, this ends it.
        close(reading)
        pthread_join(thread, nil)
        return failure ?? code
    }

    private func pass(to descriptor: Int32, unless isStopped: () -> Bool) -> Int32? {
        withUnsafeTemporaryAllocation(byteCount: PipedCopy.chunkBytes, alignment: 1) { chunk in
            while true {
                guard !isStopped() else { return ECANCELED }
                let count = read(reading, chunk.baseAddress, chunk.count)
                if count == 0 { return nil }
                if count < 0 {
                    if errno == EINTR { continue }
                    return errno
                }
                if let failure = PipedCopy.write(UnsafeRawBufferPointer(rebasing: chunk[..<count]), to: descriptor) {
                    return failure
                }
            }
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = rest.dropFirst(count)
        }
        return nil
    }

    private static let work: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { return nil }
        let copy = Unmanaged<PipedCopy>.fromOpaque(argument).takeRetainedValue()
        // A pipe that nobody reads raises a signal, which ends the program where nobody has thought of it.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        copy.code = mdb_env_copyfd2(copy.environment, copy.writing, 0)
        close(copy.writing)
        return nil
    }
}
