internal import Archive
internal import Console
internal import Glibc
internal import Platform
internal import SystemPackage

/// Talks to the node that is running in a data folder. Each request has a connection of its own and blocks the thread.
package struct ControlClient: Sendable {
    private let dataFolder: String

    /// No reply is longer: a status with all contacts of a full table has a few hundred kilobytes.
    static let replyBytesMax = 64 << 20

    /// A client of the node in a data folder.
    package init(dataFolder: String) { self.dataFolder = dataFolder }

    /// Makes a request and waits for the reply.
    ///
    /// - Parameter timeout: how long at most, all in all.
    package func send(_ request: ControlRequest, timeout: Duration) throws(ControlError) -> ControlReply {
        let deadline = ContinuousClock.now + timeout
        let socket = try connect(timeout)
        guard let line = try? JSONText.bytes(request) + [UInt8(ascii: "\n")] else {
            preconditionFailure("a request has no form in JSON: \(request)")
        }
        try write(line, to: socket)
        let reply = try readLine(from: socket, until: deadline, timeout)
        guard let reply = try? JSONText.decode(ControlReply.self, from: reply) else {
            throw .unknownReply(dataFolder: dataFolder)
        }
        return reply
    }

    /// Waits where too many wait already: a node that does nothing any more takes no one in.
    private func connect(_ timeout: Duration) throws(ControlError) -> OpenFile {
        do {
            let path = try ControlSocketPath(in: dataFolder)
            // A link would lead to a socket of somebody else's choice.
            let kind = try path.folder.status(of: ControlSocketPath.name).map { $0.st_mode & S_IFMT }
            guard kind == nil || kind == S_IFSOCK else { throw ControlError.notASocket(dataFolder: dataFolder) }
            let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            let file = OpenFile(owning: try Errno.check { socket(AF_UNIX, type, 0) })
            let descriptor = file.descriptor
            var patience = timeval(tv_sec: Int(max(1, timeout.components.seconds)), tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            try Errno.check { setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size) }
            try Errno.check { path.withSocketAddress { Glibc.connect(descriptor, $0, $1) } }
            let user = try PeerUser.of(descriptor)
            guard PeerUser.isTrusted(user, in: path.folder) else {
                throw ControlError.foreignNode(dataFolder: dataFolder, user: FileStatus.userName(user))
            }
            return file
        } catch let error as ControlError {
            throw error
        } catch {
            let refusal = error as? Errno
            if refusal == .permissionDenied || refusal == .notPermitted { throw .notPermitted(dataFolder: dataFolder) }
            if refusal == .resourceTemporarilyUnavailable { throw .noAnswer(dataFolder: dataFolder, after: timeout) }
            throw FolderLock.isHeld(dataFolder)
                ? .notListening(dataFolder: dataFolder) : .notRunning(dataFolder: dataFolder)
        }
    }

    private func write(_ line: [UInt8], to socket: borrowing OpenFile) throws(ControlError) {
        let descriptor = socket.descriptor
        var rest = line[...]
        while !rest.isEmpty {
            do {
                let sent = try Errno.check {
                    rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                }
                rest = rest.dropFirst(sent)
            } catch {
                // The node may have refused the connection with a reply, which is still to be read.
                return
            }
        }
    }

    private func readLine(
        from socket: borrowing OpenFile, until deadline: ContinuousClock.Instant, _ timeout: Duration
    ) throws(ControlError) -> [UInt8] {
        var lines = LineBuffer(byteCountMax: ControlClient.replyBytesMax)
        var chunk = [UInt8](repeating: 0, count: 65536)
        let descriptor = socket.descriptor
        while true {
            guard isReadable(descriptor, until: deadline) else {
                throw .noAnswer(dataFolder: dataFolder, after: timeout)
            }
            let count = (try? Errno.check { recv(descriptor, &chunk, chunk.count, 0) }) ?? 0
            guard count > 0 else { throw .stopped(dataFolder: dataFolder) }
            lines.append(chunk.prefix(count))
            switch lines.next() {
            case .complete(let line): return line
            case .tooLong: throw .unknownReply(dataFolder: dataFolder)
            case nil: continue
            }
        }
    }

    private func isReadable(_ descriptor: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let rest = max(.zero, deadline - ContinuousClock.now)
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = Int32(clamping: Int64((rest.seconds * 1000).rounded(.up)))
            switch poll(&watched, 1, milliseconds) {
            case 0: return false
            case -1 where errno == EINTR: continue
            default: return true
            }
        }
    }
}
