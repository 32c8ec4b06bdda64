internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import IPv8
internal import Logging
internal import Synchronization

/// The log of `run`: which messages are written, in which form, and where to. Level and form can change at any time.
final class ProgramLog: Sendable {
    private final class Form: Sendable {
        let level: Mutex<Logger.Level>
        let format: Mutex<LogFormat>

        init(_ level: Logger.Level, _ format: LogFormat) {
            self.level = Mutex(level)
            self.format = Mutex(format)
        }
    }

    private let form: Form
    private let terminal: Terminal
    private let writer: LogWriter
    private let journal: JournalSocket
    private let now: @Sendable () -> Instant

    /// Descriptor, journal and clock are arguments for the tests.
    init(
        level: Logger.Level, format: LogFormat, descriptor: Int32 = STDERR_FILENO,
        journal: JournalSocket = JournalSocket(), now: @escaping @Sendable () -> Instant = ProgramLog.systemTime
    ) {
        let form = Form(level, format)
        let terminal = Terminal(descriptor: descriptor, environment: ProcessInfo.processInfo.environment)
        writer = LogWriter(descriptor: descriptor) { droppedCount in
            let complaint = LogWriter.complaint(droppedCount: droppedCount)
            let line = LogLine(at: now(), level: .warning, message: complaint, metadata: [:])
            return form.format.withLock { $0 } == .json ? line.json : line.text(on: terminal)
        }
        (self.form, self.terminal, self.journal, self.now) = (form, terminal, journal, now)
    }

    static let systemTime: @Sendable () -> Instant = {
        Instant(sinceEpoch: .seconds(Date().timeIntervalSince1970))
    }

    /// Messages below this level are not written.
    var level: Logger.Level { form.level.withLock { $0 } }

    /// Lets level and form of these settings hold from the next message on.
    func apply(_ settings: NodeSettings) {
        form.level.withLock { $0 = settings.logLevel }
        form.format.withLock { $0 = settings.logFormat }
    }

    /// A logger that writes here, and never below a level of its own.
    func logger(from floor: Logger.Level = .trace) -> Logger {
        Logger(label: "bristlecone") { _ in ProgramLogHandler(log: self, floor: floor) }
    }

    /// Waits until everything is written, but not for ever, because nobody may be reading.
    func flush(within seconds: Int) { writer.flush(within: seconds) }

    fileprivate func write(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) {
        let line = LogLine(at: now(), level: level, message: message, metadata: metadata)
        switch form.format.withLock({ $0 }) {
        case .text: writer.write(line.text(on: terminal))
        case .json: writer.write(line.json)
        case .journald: if !journal.send(line.journalEntry) { writer.write(line.text(on: terminal)) }
        }
    }
}

/// Hands messages to the program's log.
private struct ProgramLogHandler: LogHandler {
    let log: ProgramLog
    var floor: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(log: ProgramLog, floor: Logger.Level) { (self.log, self.floor) = (log, floor) }

    var logLevel: Logger.Level {
        get { max(floor, log.level) }
        set { floor = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
        log.write(event.level, "\(event.message)", all)
    }
}

/// The socket of systemd's journal, which takes one datagram for each message.
final class JournalSocket: Sendable {
    private let path: String
    private let descriptor: Int32

    init(path: String = "/run/systemd/journal/socket") {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Sends a datagram, and never waits; `false` if nobody takes it.
    func send(_ bytes: [UInt8]) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let count = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                sendto(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT), address, size)
            }
        }
        return count == bytes.count
    }
}
