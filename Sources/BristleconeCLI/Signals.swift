internal import Glibc
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// What `run` makes of signals. SIGTERM and SIGINT stop the node. Others that are sent to services and would end a
/// process that has not thought of them do not.
enum Signals {
    /// SIGUSR1 and SIGUSR2 are often sent to have logs reopened. Without SIGXFSZ and SIGPIPE, a file that may not become
    /// larger and a reader that is gone are errors like others.
    private static let ignored = [SIGUSR1, SIGUSR2, SIGXFSZ, SIGPIPE]

    /// The signals that stop the node, but for SIGINT if whoever started the node has it ignored, as a script does for
    /// what it starts in the background.
    static var stopping: [UnixSignal] { isIgnored(SIGINT) ? [.sigterm] : [.sigterm, .sigint] }

    /// To be called before anything else, since a signal may come at any time.
    static func prepare() {
        for number in ignored { signal(number, SIG_IGN) }
        // Until somebody waits for it.
        if !isIgnored(SIGHUP) { signal(SIGHUP) { _ in } }
    }

    static func isIgnored(_ number: Int32) -> Bool {
        var inherited = sigaction()
        sigaction(number, nil, &inherited)
        // SIG_IGN is 1, in the place of a function.
        return unsafeBitCast(inherited.__sigaction_handler.sa_handler, to: UInt.self) == 1
    }
}

/// Tells whoever sends SIGHUP what to do instead: the configuration is read when the node starts.
struct HangupService: Service {
    let logger: Logger

    func run() async throws {
        guard !Signals.isIgnored(SIGHUP) else { return try await gracefulShutdown() }
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() {
            logger.notice("SIGHUP was received and changes nothing: restart the node to use a changed configuration.")
        }
    }
}
