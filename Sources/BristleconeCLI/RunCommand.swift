internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import Logging
internal import ServiceLifecycle

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
