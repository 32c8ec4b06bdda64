import Console
import IPv8
import Logging
import Synchronization
import Testing

@testable import BristleconeCLI

@Suite struct LineLogHandlerTests {
    /// Keeps what was written.
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private func lines(_ log: (inout Logger) -> Void) -> [String] {
        let lines = Lines()
        var logger = Logger(label: "test") { _ in
            LineLogHandler(
                terminal: .plain, write: { line in lines.all.withLock { $0.append(line) } },
                now: { Instant(nanoseconds: 1_770_120_000_500_000_000) })
        }
        log(&logger)
        return lines.all.withLock { $0 }
    }

    @Test func writesOneLineWithSortedFields() {
        let written = lines { logger in
            logger[metadataKey: "b"] = "2"
            logger.warning("Careful", metadata: ["a": "1"])
            logger.debug("Not shown")
        }
        #expect(written == ["2026-02-03T12:00:00.500Z warning Careful a=1 b=2"])
    }

    @Test func replacesWhatCommandsATerminalOrEndsALine() {
        let written = lines { $0.info("a\nb", metadata: ["from": "\u{1B}[31m"]) }
        #expect(written == ["2026-02-03T12:00:00.500Z info    a\u{FFFD}b from=\u{FFFD}[31m"])
    }
}
