internal import Bristlecone
internal import Console
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import Synchronization

extension APIClient {
    /// A line of the stream of changes.
    package struct ChangeLine: Sendable {
        package var text: String
        package var kind: Kind
        /// The number of the change, or of the last one before a heartbeat.
        package var number: UInt64

        package enum Kind: Sendable {
            case change, heartbeat
        }
    }

    /// Why a stream of changes has ended.
    package enum EndOfChanges: Sendable, Equatable {
        /// The next changes are gone, or never were; a sentence that says which.
        case reset(String)
        case stopped(last: UInt64)
    }

    /// What tells the lines apart.
    private struct Head: Decodable {
        var op: String
        var change: UInt64?
        var firstAvailable: UInt64?
    }

    /// So long there is no line, not even a heartbeat, if the node does nothing any more.
    private static let silenceMax: Duration = .seconds(60)

    /// Follows the changes of the archive until the node stops.
    ///
    /// - Parameters:
    ///   - number: of the last change that is known; `nil` to begin with the next one.
    ///   - time: when it was made, as its line says; `nil` if that is not known.
    ///   - deal: is given each line in order.
    package func follow(
        after number: UInt64?, madeAt time: String? = nil, _ deal: (ChangeLine) throws -> Void
    ) async throws -> EndOfChanges {
        let query = [number.map { "after=\($0)" }, time.map { "at=\($0)" }].compactMap { $0 }
        let path = "/api/v1/changes" + (query.isEmpty ? "" : "?\(query.joined(separator: "&"))")
        let request = HTTPRequest(
            method: .get, scheme: "http", authority: "node", path: path, headerFields: [.accept: "application/jsonl"])
        var last = number ?? 0
        let connection = try await open(APIClient.silenceMax, for: .read)
        let silence = Silence(on: connection.channel, APIClient.silenceMax)
        defer { silence.end() }
        return try await connection.executeThenClose { inbound, outbound in
            await outbound.send(request)
            var status = HTTPResponse.Status.ok
            var waiting: [UInt8] = []
            do {
                for try await part in inbound {
                    silence.broken()
                    switch part {
                    case .head(let head): status = head.status
                    case .body(let buffer): waiting += buffer.readableBytesView
                    case .end: break
                    }
                    guard status == .ok else { continue }
                    if let end = try passOn(&waiting, &last, to: deal) { return end }
                }
            } catch is ChannelError {
                return .stopped(last: last)
            } catch is IOError {
                return .stopped(last: last)
            } catch is HTTPParserError {
                // The stream has ended in the middle, as it does when the node goes.
                return .stopped(last: last)
            }
            guard status != .ok else { return .stopped(last: last) }
            if status == .gone, let problem = try? JSONText.decode(Problem.self, from: waiting) {
                return .reset(problem.detail)
            }
            throw failure(waiting)
        }
    }

    /// Deals the complete lines and removes them. Returns the end of the changes if a line says that they begin anew.
    private func passOn(
        _ waiting: inout [UInt8], _ last: inout UInt64, to deal: (ChangeLine) throws -> Void
    ) throws -> EndOfChanges? {
        while let end = waiting.firstIndex(of: UInt8(ascii: "\n")) {
            let line = waiting[..<end]
            guard let head = try? JSONText.decode(Head.self, from: line) else {
                throw ControlSocketError.unknownReply(dataFolder: dataFolder)
            }
            if let first = head.firstAvailable {
                return .reset(
                    "The changes after \(last) are gone, and the first that is left is \(first): start again from a new export."
                )
            }
            last = head.change ?? last
            try deal(
                ChangeLine(
                    text: String(decoding: line, as: UTF8.self),
                    kind: head.op == "heartbeat" ? .heartbeat : .change, number: last))
            waiting.removeSubrange(...end)
        }
        return nil
    }
}

/// Closes a connection on which nothing comes any more.
final class Silence: Sendable {
    private let channel: any Channel
    private let time: Duration
    private let timer = Mutex<Scheduled<Void>?>(nil)

    init(on channel: any Channel, _ time: Duration) {
        self.channel = channel
        self.time = time
        broken()
    }

    func broken() {
        let new = channel.eventLoop.scheduleTask(in: TimeAmount(time)) { [channel] in channel.close(promise: nil) }
        replace(with: new)
    }

    func end() { replace(with: nil) }

    private func replace(with new: Scheduled<Void>?) {
        timer.withLock { timer in
            timer?.cancel()
            timer = new
        }
    }
}
