package import Bristlecone
internal import Console
internal import Glibc
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import Platform
internal import SystemPackage

extension APIClient {
    /// A line of the response.
    private struct ImportLine: Decodable {
        var progress: ProgressReport?
        var result: ImportReport?
        var problem: Problem?
    }

    /// So long the node may be silent: the check of a long dump and each commit say something earlier.
    private static let importSilenceMax: Duration = .seconds(600)
    private static let chunkBytes = 256 << 10

    /// Hands a dump to the running node, and waits until it is imported.
    ///
    /// - Parameters:
    ///   - descriptor: an open file, read from where it stands to its end.
    ///   - report: called as the import goes on.
    package func importDump(
        from descriptor: Int32, _ options: ImportOptions, report: (ProgressReport) -> Void
    ) async throws -> ImportReport {
        let facts = Operations.importDump.facts
        let request = HTTPRequest(
            method: facts.method, scheme: "http", authority: "node",
            path: try facts.target(with: ImportParameters(options)),
            headerFields: [.accept: "application/jsonl", .contentType: "application/octet-stream"])
        let connection = try await open(APIClient.importSilenceMax, for: facts.access)
        let silence = Silence(on: connection.channel, APIClient.importSilenceMax)
        defer { silence.end() }
        return try await connection.executeThenClose { inbound, outbound in
            let sending = Task {
                try await outbound.write(.head(request))
                while let chunk = try await APIClient.nextChunk(of: descriptor) {
                    try await outbound.write(.body(ByteBuffer(bytes: chunk)))
                    silence.broken()
                }
                try await outbound.write(.end(nil))
            }
            // The node may refuse the dump before it has all of it.
            defer { sending.cancel() }
            do {
                return try await importResult(in: inbound, silence, report)
            } catch let error as IOError {
                throw interrupted(error)
            } catch let error as ChannelError {
                throw interrupted(error)
            } catch let error as HTTPParserError {
                throw interrupted(error)
            }
        }
    }

    private func importResult(
        in inbound: NIOAsyncChannelInboundStream<HTTPResponsePart>, _ silence: Silence,
        _ report: (ProgressReport) -> Void
    ) async throws -> ImportReport {
        var status = HTTPResponse.Status.ok
        var waiting: [UInt8] = []
        for try await part in inbound {
            silence.broken()
            switch part {
            case .head(let head): status = head.status
            case .body(let buffer): waiting += buffer.readableBytesView
            case .end: if status != .ok { throw failure(waiting) }
            }
            guard waiting.count <= APIClient.responseBytesMax else { break }
            while status == .ok, let end = waiting.firstIndex(of: UInt8(ascii: "\n")) {
                let line = try? JSONText.decode(ImportLine.self, from: waiting[..<end])
                waiting.removeSubrange(...end)
                if let result = line?.result { return result }
                if line?.problem != nil { throw failure(try JSONText.bytes(line?.problem)) }
                guard let progress = line?.progress else {
                    throw ControlSocketError.unknownReply(dataFolder: dataFolder)
                }
                report(progress)
            }
        }
        throw ControlSocketError.stopped(dataFolder: dataFolder)
    }

    /// The node has gone, or does not answer any more.
    private func interrupted(_ error: any Error) -> ControlSocketError { .stopped(dataFolder: dataFolder) }

    /// The next bytes of a file; `nil` at its end. Reading may wait, so it has a thread of its own.
    private static func nextChunk(of descriptor: Int32) async throws -> [UInt8]? {
        try await reading.run {
            Result { () throws(Errno) -> [UInt8]? in
                var bytes = [UInt8](repeating: 0, count: chunkBytes)
                let count = try Errno.check { read(descriptor, &bytes, bytes.count) }
                return count > 0 ? Array(bytes[..<count]) : nil
            }
        }?.get()
    }

    private static let reading = SerialWorker("reading")
}
