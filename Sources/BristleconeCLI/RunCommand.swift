internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import HTTPAPI
internal import IPv8
internal import Logging
internal import Platform
internal import ServiceLifecycle
internal import UnixSignals

/// `bristlecone run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a node in the foreground.",
        discussion: """
            Creates the data folder if it is missing, with an identity and a commented bristlecone.yaml to edit. \
            Ctrl-C or SIGTERM stops the node. SIGHUP, like "bristlecone reload", has it read the configuration again. Log \
            messages go to standard error, or to the journal if log.format is journald.

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
        // From here on, new files are accessible only to their owner.
        umask(0o077)
        let log = ProgramLog(level: settings.logLevel, format: settings.logFormat)
        // Bounded, because nobody may be reading.
        defer { log.flush(within: 2) }
        let logger = log.logger()
        let node = try await BristleconeNode.start(settings, logger: logger)
        let running = RunningConfiguration(configuration) { [options] () throws(ConfigurationError) in
            try options.load()
        }
        running.noteNewFile()
        running.onChange { settings in
            log.apply(settings)
            node.apply(settings)
        }
        let api: APIService
        do {
            api = try await APIService.bind(node: node, configuration: running, logger: logger)
        } catch {
            await node.shutdown()
            throw error
        }
        let greeting = await Greeting(status: node.status(), configuration: configuration, httpAddresses: api.addresses)
        let answer = LogWriter(descriptor: STDOUT_FILENO)
        defer { answer.flush(within: 2) }
        let service = NodeService(node: node) { greeting.show(answer, logger) }
        let group = serviceGroup(node, [service, api, HangupService(configuration: running, logger: logger)], log)
        do {
            try await group.run()
        } catch {
            throw CommandFailure(message: "The node stopped because its API failed: \(error).")
        }
        logger.info("Stopped")
    }

    /// The services with the one that tells a service manager, if there is one. They stop in reverse order: the API before
    /// the node.
    private func serviceGroup(
        _ node: BristleconeNode, _ services: [any Service], _ log: ProgramLog
    ) -> ServiceGroup {
        let manager = ServiceManager(environment: ProcessInfo.processInfo.environment)
        let notify = manager.map { NotifyService(node: node, manager: $0) }
        return ServiceGroup(
            services: services + (notify.map { [$0] } ?? []), gracefulShutdownSignals: Signals.stopping,
            logger: log.logger(from: .warning))
    }
}

/// Keeps a started node until the program ends, and then stops it.
struct NodeService: Service {
    let node: BristleconeNode
    /// Called once signals are handled, so that a reader of the greeting may send one.
    let greet: @Sendable () -> Void

    func run() async throws {
        greet()
        try await node.run()
    }
}

/// What `run` says once the node is running: on a terminal its addresses and what to type next, in a log one line.
struct Greeting {
    let status: NodeStatus
    let configuration: EffectiveConfiguration
    var httpAddresses: [Address] = []

    var text: String {
        let settings = configuration.settings
        var table = TextTable()
        for (index, endpoint) in status.endpoints.enumerated() {
            table.add(index == 0 ? "listens on" : "", endpoint.listen.description)
        }
        for address in httpAddresses { table.add("HTTP", "http://\(address)") }
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

    var line: String {
        let addresses = status.endpoints.map(\.listen.description).joined(separator: " and ")
        return
            "Bristlecone \(status.version) is running on \(addresses), with its data in \(configuration.settings.dataFolder)."
    }

    func show(_ answer: LogWriter, _ logger: Logger) {
        if isatty(STDOUT_FILENO) == 1 { answer.write(text) } else { logger.info("\(line)") }
    }

    private var peerSources: String {
        let settings = configuration.settings
        let named = settings.peers.isEmpty ? nil : "through \(Words.count(settings.peers.count, "given peer"))"
        let asked =
            settings.bootstrap ? "through \(Words.count(settings.bootstrapServers.count, "bootstrap server"))" : nil
        let ways = [named, asked].compactMap { $0 }
        return ways.isEmpty ? "only known peers, and peers that contact this node" : ways.joined(separator: " and ")
    }
}

/// How `run` handles signals. SIGTERM and SIGINT stop the node. Other signals that services are sent, and that end an
/// unprepared process, do not.
enum Signals {
    /// SIGUSR1 and SIGUSR2 are often sent to reopen logs. With SIGXFSZ and SIGPIPE ignored, a file at its size limit
    /// and a reader that is gone are ordinary errors.
    private static let ignored = [SIGUSR1, SIGUSR2, SIGXFSZ, SIGPIPE]

    /// The signals that stop the node. SIGINT is not one if it was ignored at the start, as in a script's background
    /// jobs.
    static var stopping: [UnixSignal] { isIgnored(SIGINT) ? [.sigterm] : [.sigterm, .sigint] }

    /// Must run before everything else, because a signal may come at any time.
    static func prepare() {
        for number in ignored { signal(number, SIG_IGN) }
        // Until `HangupService` waits for it.
        if !isIgnored(SIGHUP) { signal(SIGHUP) { _ in } }
    }

    static func isIgnored(_ number: Int32) -> Bool {
        var inherited = sigaction()
        sigaction(number, nil, &inherited)
        // SIG_IGN is 1 instead of a function.
        return unsafeBitCast(inherited.__sigaction_handler.sa_handler, to: UInt.self) == 1
    }
}

/// Reads the configuration again on SIGHUP.
struct HangupService: Service {
    let configuration: RunningConfiguration
    let logger: Logger

    func run() async throws {
        guard !Signals.isIgnored(SIGHUP) else { return try await gracefulShutdown() }
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() {
            let metadata: Logger.Metadata = ["audit": "reload_settings", "user": "SIGHUP"]
            do throws(ConfigurationError) {
                let change = try configuration.reload()
                logger.notice("Read the configuration. \(change.sentences)", metadata: metadata)
            } catch {
                logger.error("Failed: \(error.sentence)", metadata: metadata)
            }
        }
    }
}
