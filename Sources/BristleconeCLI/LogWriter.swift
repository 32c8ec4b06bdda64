internal import Bristlecone
internal import Console
internal import Dispatch
internal import FoundationEssentials
internal import IPv8
internal import Logging
internal import Platform
internal import Synchronization

/// Writes lines to a descriptor on its own thread, so that logging never waits for a slow reader.
///
/// Lines wait in a bounded buffer. If the reader is too slow, further lines are dropped; a later line says how many.
final class LogWriter: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var droppedCount = 0
        var isWriting = false
    }

    private let descriptor: Int32
    private let bytesMax: Int
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "bristlecone.log")
    private let writing = DispatchGroup()

    /// - Parameter bytesMax: the size of the buffer, by default some thousand lines.
    init(descriptor: Int32, bytesMax: Int = 1 << 19) {
        self.descriptor = descriptor
        self.bytesMax = bytesMax
    }

    /// Queues a line, or drops it. Never waits.
    func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        let beginsWriting = state.withLock { state in
            if state.waiting.count + bytes.count > bytesMax {
                state.droppedCount += 1
            } else {
                state.waiting += bytes
            }
            defer { state.isWriting = true }
            return !state.isWriting
        }
        guard beginsWriting else { return }
        writing.enter()
        queue.async { [self] in
            // If the reader is gone, there is nobody to tell.
            while let next = takeNext() { try? WholeBytes.write(next[...], to: descriptor) }
            writing.leave()
        }
    }

    /// Waits until everything is written, but not for ever, because nobody may be reading.
    func flush(within seconds: Int) { _ = writing.wait(timeout: .now() + .seconds(seconds)) }

    /// The next bytes to write, with a note about dropped lines at the end; `nil` if there are none.
    private func takeNext() -> [UInt8]? {
        state.withLock { state in
            var next = state.waiting
            state.waiting.removeAll()
            if state.droppedCount > 0 {
                let lines = state.droppedCount == 1 ? "1 line" : "\(state.droppedCount) lines"
                next += Array("(The log was not read fast enough: \(lines) dropped here.)\n".utf8)
                state.droppedCount = 0
            }
            state.isWriting = !next.isEmpty
            return next.isEmpty ? nil : next
        }
    }
}

/// Writes each message on one line to standard error: `2026-02-03T12:00:00.123Z warning The message. name=value`.
///
/// Messages and metadata may contain text from strangers, so characters that control a terminal or end a line are
/// replaced.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.info

    private let terminal: Terminal
    private let write: @Sendable (String) -> Void
    private let now: @Sendable () -> Instant

    /// Output and clock are arguments for the tests.
    init(
        terminal: Terminal, write: @escaping @Sendable (String) -> Void = Output.complain,
        now: @escaping @Sendable () -> Instant = LineLogHandler.systemTime
    ) {
        self.terminal = terminal
        self.write = write
        self.now = now
    }

    private static let systemTime: @Sendable () -> Instant = {
        Instant(sinceEpoch: .seconds(Date().timeIntervalSince1970))
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all =
            metadata
            .merging(metadataProvider?.get() ?? [:]) { $1 }
            .merging(event.metadata ?? [:]) { $1 }
        let time = now().iso8601(fractionDigits: 3)
        let fields = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        write(
            "\(terminal.faint(time)) \(level(event.level)) " + clean("\(event.message)") + terminal.faint(clean(fields))
        )
    }

    /// The width of the widest common level, so that messages begin in one column.
    private func level(_ level: Logger.Level) -> String {
        let name = level.rawValue + String(repeating: " ", count: max(0, 7 - level.rawValue.count))
        switch level {
        case .trace, .debug, .info, .notice: return name
        case .warning, .error, .critical: return terminal.bad(name)
        }
    }

    private func clean(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isSafeToShow ? $0 : "\u{FFFD}" }))
    }
}
