internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Logging

/// Writes each message in one line to standard error: `2026-02-03T12:00:00.123Z warning The message. name=value`.
///
/// Messages and metadata may hold what strangers sent: characters that command a terminal or end a line are replaced.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.info

    private let terminal: Terminal
    private let write: @Sendable (String) -> Void
    private let now: @Sendable () -> Date

    /// A handler that writes for a terminal; output and clock are arguments for the tests.
    init(
        terminal: Terminal, write: @escaping @Sendable (String) -> Void = Output.complain,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.terminal = terminal
        self.write = write
        self.now = now
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
        let time = now().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let fields = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        write(
            "\(terminal.faint(time)) \(level(event.level)) " + clean("\(event.message)") + terminal.faint(clean(fields))
        )
    }

    /// As wide as the widest that is common, so that messages begin in one column.
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
