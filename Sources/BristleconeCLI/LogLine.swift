internal import Bristlecone
internal import Console
internal import IPv8
internal import Logging

/// A log message with all that belongs to it, and the three forms that it is written in.
///
/// Messages and fields may contain text from strangers, so characters that control a terminal or end a line are replaced.
struct LogLine {
    let at: Instant
    let level: Logger.Level
    let message: String
    /// In the order of names.
    let fields: [(name: String, value: String)]

    init(at instant: Instant, level: Logger.Level, message: String, metadata: Logger.Metadata) {
        at = instant
        self.level = level
        self.message = LogLine.clean(message)
        fields = metadata.map { (LogLine.clean($0.key), LogLine.clean("\($0.value)")) }.sorted { $0.0 < $1.0 }
    }

    /// `2026-02-03T12:00:00.123Z warning The message. name=value`
    func text(on terminal: Terminal) -> String {
        // The width of the widest common level, so that messages begin in one column.
        let name = level.rawValue + String(repeating: " ", count: max(0, 7 - level.rawValue.count))
        let shown =
            switch level {
            case .trace, .debug, .info, .notice: name
            case .warning, .error, .critical: terminal.bad(name)
            }
        let fields = fields.map { " \($0.name)=\(LogLine.word($0.value))" }.joined()
        return "\(terminal.faint(at.iso8601(fractionDigits: 3))) \(shown) \(message)" + terminal.faint(fields)
    }

    /// `{"at":"2026-02-03T12:00:00.123Z","fields":{"name":"value"},"level":"warning","message":"The message."}`
    var json: String {
        var members: [String: JSON] = [
            "at": .string(at.iso8601(fractionDigits: 3)), "level": .string(level.rawValue), "message": .string(message),
        ]
        if !fields.isEmpty {
            members["fields"] = .object(Dictionary(fields.map { ($0.name, .string($0.value)) }) { $1 })
        }
        return JSON.object(members).text
    }

    /// A datagram for systemd's journal: `NAME=value` lines. Fields of messages begin with `BRISTLECONE_`.
    var journalEntry: [UInt8] {
        let standard = ["MESSAGE=\(message)", "PRIORITY=\(priority)", "SYSLOG_IDENTIFIER=bristlecone"]
        let own = fields.map { "BRISTLECONE_\(LogLine.journalName($0.name))=\($0.value)" }
        return Array((standard + own).map { "\($0)\n" }.joined().utf8)
    }

    /// The level as syslog counts it.
    private var priority: Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// The journal takes capital letters, digits and underscores.
    private static func journalName(_ name: String) -> String {
        String(name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    /// A value between quotation marks if it is more than one word.
    private static func word(_ value: String) -> String {
        value.contains(" ") ? "\"\(value.replacing("\"", with: "'"))\"" : value
    }

    private static func clean(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isSafeToShow ? $0 : "\u{FFFD}" }))
    }
}
