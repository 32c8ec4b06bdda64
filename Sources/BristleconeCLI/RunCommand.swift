internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import IPv8
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// `bristlecone run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a node, in the foreground.",
        discussion: """
            Creates the data folder if need be, with an identity and a commented bristlecone.yaml to edit. Ctrl-C or \
            SIGTERM stops the node. SIGHUP does not, and a changed configuration needs a restart. Log messages go to \
            standard error.

            For example:

              bristlecone run
              bristlecone run --data /var/lib/bristlecone --listen 0.0.0.0:8090 --listen "[::]:8090"
              bristlecone run --listen 127.0.0.1:0 --peer 127.0.0.1:8090 --no-bootstrap
            """)

    @OptionGroup var options: NodeOptions

    mutating func run() async throws {
        Signals.prepare()
        FileLimit.raise()
        let configuration = try options.load()
        let settings = configuration.settings
        // Whatever is created from here on is the owner's alone.
        umask(0o077)
        let log = LogWriter(descriptor: STDERR_FILENO)
        // What is not written by then nobody reads.
        defer { log.flush(within: 2) }
        let logger = RunCommand.logger(settings.logLevel, to: log)
        let node = try await BristleconeNode.start(settings, logger: logger)
        let control: ControlService
        do {
            control = try ControlService(node: node, dataFolder: settings.dataFolder, logger: logger)
        } catch {
            await node.shutdown()
            throw error
        }
        let greeting = await Greeting(status: node.status(), configuration: configuration)
        let answer = LogWriter(descriptor: STDOUT_FILENO)
        defer { answer.flush(within: 2) }
        let service = NodeService(node: node) { answer.write(greeting.text) }
        // Stopped in reverse: first nobody can ask any more, then the node ends.
        let group = ServiceGroup(
            services: [service, control, HangupService(logger: logger)], gracefulShutdownSignals: Signals.stopping,
            logger: RunCommand.logger(.warning, to: log))
        do {
            try await group.run()
        } catch {
            throw CommandFailure(message: "The node was stopped because its control socket failed: \(error).")
        }
        logger.info("Stopped")
    }

    private static func logger(_ level: Logger.Level, to log: LogWriter) -> Logger {
        let terminal = Terminal(descriptor: STDERR_FILENO, environment: ProcessInfo.processInfo.environment)
        var logger = Logger(label: "bristlecone") { _ in LineLogHandler(terminal: terminal, write: log.write) }
        logger.logLevel = level
        return logger
    }
}

/// Keeps a started node until the program is to end, and then stops it.
struct NodeService: Service {
    let node: BristleconeNode
    /// Called once signals are handled, so that whoever reads the greeting may send one.
    let greet: @Sendable () -> Void

    func run() async throws {
        greet()
        // Being cancelled means the same here: another service failed, and the node is to stop.
        try? await gracefulShutdown()
        await node.shutdown()
    }
}

/// What `run` says once the node is running: what it is, and what to type next.
struct Greeting {
    let status: NodeStatus
    let configuration: EffectiveConfiguration

    /// The lines, for standard output.
    var text: String {
        let settings = configuration.settings
        var table = TextTable()
        for (index, endpoint) in status.endpoints.enumerated() {
            table.add(index == 0 ? "listens on" : "", endpoint.listen.description)
        }
        table.add("identity", status.publicKey.mid.description)
        table.add("data folder", settings.dataFolder)
        table.add("settings", configuration.file ?? "\(settings.dataFolder)/\(DefaultFile.name)")
        table.add("finds peers", peerSources)
        let option = settings.dataFolder == NodeSettings().dataFolder ? "" : " --data \(shellWord(settings.dataFolder))"
        let next = ["status", "store greeting \"hello\"", "find greeting"].map { "  bristlecone \($0)\(option)" }
        return
            (["Bristlecone \(status.version) is running."] + table.lines() + ["", "Next, in another terminal:"] + next
            + ["Ctrl-C stops the node."]).joined(separator: "\n")
    }

    private var peerSources: String {
        let settings = configuration.settings
        let named = settings.peers.isEmpty ? nil : "through \(Words.count(settings.peers.count, "given peer"))"
        let asked =
            settings.bootstrap ? "through \(Words.count(settings.bootstrapServers.count, "bootstrap server"))" : nil
        let ways = [named, asked].compactMap { $0 }
        return ways.isEmpty ? "only those it remembers and those that come to it" : ways.joined(separator: " and ")
    }
}

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
