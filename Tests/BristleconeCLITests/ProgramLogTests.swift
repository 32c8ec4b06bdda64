import Bristlecone
import Console
import Glibc
import IPv8
import Logging
import TestSupport
import Testing

@testable import BristleconeCLI

@Suite struct ProgramLogTests {
    private static let moment = Instant(nanoseconds: 1_770_120_000_500_000_000)

    /// What is written to the descriptor while the body logs.
    private func written(
        _ format: LogFormat = .text, level: Logger.Level = .info, journal: String = "/nonexistent/socket",
        _ body: (ProgramLog, inout Logger) -> Void
    ) throws -> [String] {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        do {
            let log = ProgramLog(
                level: level, format: format, descriptor: ends[1], journal: JournalSocket(path: journal),
                now: { ProgramLogTests.moment })
            var logger = log.logger()
            body(log, &logger)
            log.flush(within: 60)
        }
        close(ends[1])
        defer { close(ends[0]) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(ends[0], &bytes, bytes.count)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func writesOneLineWithSortedFields() throws {
        let lines = try written { _, logger in
            logger[metadataKey: "b"] = "two words"
            logger.warning("Careful", metadata: ["a": "1"])
            logger.debug("Not shown")
        }
        #expect(lines == ["2026-02-03T12:00:00.500Z warning Careful a=1 b=\"two words\""])
    }

    @Test func replacesWhatCommandsATerminalOrEndsALine() throws {
        let lines = try written { _, logger in logger.info("a\nb", metadata: ["from": "\u{1B}[31m"]) }
        #expect(lines == ["2026-02-03T12:00:00.500Z info    a\u{FFFD}b from=\u{FFFD}[31m"])
    }

    @Test func writesJSON() throws {
        let lines = try written(.json) { _, logger in
            logger.notice("A \"message\"", metadata: ["by": "root"])
            logger.info("Without fields")
        }
        #expect(
            lines == [
                #"{"at":"2026-02-03T12:00:00.500Z","fields":{"by":"root"},"level":"notice","message":"A \"message\""}"#,
                #"{"at":"2026-02-03T12:00:00.500Z","level":"info","message":"Without fields"}"#,
            ])
    }

    @Test func levelAndFormChangeForLoggersThatExist() throws {
        let lines = try written { log, logger in
            logger.debug("Hidden")
            var settings = NodeSettings()
            settings.logLevel = .debug
            log.apply(settings)
            logger.debug("Shown")
            log.logger(from: .warning).info("Below the level of its own")
            settings.logFormat = .json
            settings.logLevel = .error
            log.apply(settings)
            logger.warning("Hidden")
            logger.error("Last")
        }
        #expect(
            lines == [
                "2026-02-03T12:00:00.500Z debug   Shown",
                #"{"at":"2026-02-03T12:00:00.500Z","level":"error","message":"Last"}"#,
            ])
    }

    @Test func sendsFieldsToTheJournal() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("socket")
        let receiver = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(receiver) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(receiver, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        try #require(isBound)
        let lines = try written(.journald, journal: path) { _, logger in
            logger.warning("Careful\nMESSAGE=forged", metadata: ["user-id": "0"])
        }
        #expect(lines.isEmpty)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(receiver, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        #expect(
            String(decoding: bytes[..<max(0, count)], as: UTF8.self)
                == "MESSAGE=Careful\u{FFFD}MESSAGE=forged\nPRIORITY=4\nSYSLOG_IDENTIFIER=bristlecone\nBRISTLECONE_USER_ID=0\n"
        )
    }

    @Test func writesTextWhereThereIsNoJournal() throws {
        let lines = try written(.journald) { _, logger in logger.error("Lost?") }
        #expect(lines == ["2026-02-03T12:00:00.500Z error   Lost?"])
    }
}
