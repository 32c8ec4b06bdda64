import ArgumentParser
import DHTCore
import IPv8
import Simulation

/// How long lookups, stores and connections take right after some nodes have died.
struct LookupsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lookups",
        abstract: "Has a share of an overlay die, and measures lookups while the others still know the dead nodes.",
        discussion: """
            Values are published first. Then the nodes die, and within ten seconds each value is looked up by a node \
            that does not have it. With --command, new values are published instead, or nodes are looked for by their \
            keys (nodes of ours only). Times are virtual, so they do not depend on the machine.
            """)

    @Option(help: "How many nodes.") var nodes = 30
    @Option(help: "The share of them that dies.") var dead = 0.2
    @Option(help: "Whose nodes.") var kind = OverlayKind.bristlecone
    @Option(help: "What is measured: find, publish or connect.") var command = Measured.find
    @Option(help: "How many worlds, with the seeds from 1.") var worlds = 10
    @Option(help: "How many lookups are made in each.") var lookups = 20
    @Option(help: "The share of datagrams that get lost.") var loss = 0.0
    @Option(help: "How many of the longest to print, request by request.") var longest = 0

    enum Measured: String, CaseIterable, ExpressibleByArgument { case find, publish, connect }

    func validate() throws {
        try refuse("--nodes", of: nodes, outside: 2...100_000)
        try refuse("--worlds", of: worlds, outside: 1...10_000)
        try refuse("--lookups", of: lookups, outside: 1...10_000)
        try refuse("--longest", of: longest, outside: 0...1_000_000)
        try refuse("--dead", unlessShare: dead)
        try refuse("--loss", unlessShare: loss)
        guard command != .connect || kind == .bristlecone else {
            throw ValidationError(
                "--command connect needs --kind bristlecone: the model of the reference connects with nobody.")
        }
    }

    /// A run, where it happened, and how it went.
    private struct Measurement {
        let seed: UInt64
        let run: CommandTrace.Run
        let isSuccess: Bool
        let dead: Set<Address>
    }

    func run() throws {
        var measured: [Measurement] = []
        for seed in 1...worlds { measured += measure(seed: UInt64(seed)) }
        let times = measured.map { milliseconds($0.run.timeToEnd) }.sorted()
        let asked = mean(measured.map { Double($0.run.askedCount) })
        let requests = mean(measured.map { Double($0.run.requestCount) })
        print(
            "\(nodes) \(kind.rawValue) nodes, \(measured.count) times \(command.rawValue): over after"
                + " \(percentile(50, of: times)) ms (median), \(percentile(90, of: times)) (90 %),"
                + " \(times.last?.rounded() ?? 0) (most); \(asked) nodes asked each, \(requests) requests with those for"
                + " punctures, \(measured.count { !$0.isSuccess }) without success")
        for measurement in measured.sorted(by: { $0.run.timeToEnd > $1.run.timeToEnd }).prefix(longest) {
            describe(measurement)
        }
    }

    private func describe(_ measurement: Measurement) {
        let run = measurement.run
        print("seed \(measurement.seed), machine \(run.machine), over after \(milliseconds(run.timeToEnd)) ms:")
        for event in run.events {
            let isDead = measurement.dead.contains(event.peer)
            print(
                "  \(milliseconds(event.after).rounded()) ms: \(event.kind.name), \(event.peer)"
                    + (event.isForOtherKey ? ", for another key" : "") + (isDead ? ", dead" : ""))
        }
    }

    private func measure(seed: UInt64) -> [Measurement] {
        let trace = CommandTrace()
        let overlay = ComparedOverlay(kind, seed: seed, loss: loss)
        overlay.grow(to: nodes, .none)
        overlay.run(for: .seconds(300))
        let published = (0..<lookups).compactMap { publish($0, in: overlay) }
        overlay.run(for: .seconds(20))
        let dying = overlay.running.shuffled(using: &overlay.world.generator).prefix(Int(Double(nodes) * dead))
        for machine in dying { overlay.world.kill(machine) }
        overlay.run(for: .milliseconds(10))
        overlay.world.observers = [trace]
        var wanted: [CommandID: PublishedValue] = [:]
        for number in 0..<lookups {
            if let value = published.count > number ? published[number] : nil,
                let id = issue(number, value, in: overlay, following: trace)
            {
                wanted[id] = value
            }
            overlay.run(for: .seconds(10) / lookups)
        }
        overlay.run(for: .seconds(60))
        return trace.finished.map { run in
            Measurement(
                seed: seed, run: run, isSuccess: isSuccess(run, wanted[run.id]), dead: Set(dying.map(\.address)))
        }
    }

    /// Has a random machine, which is not busy, begin what is measured.
    private func issue(
        _ number: Int, _ published: PublishedValue, in overlay: ComparedOverlay, following trace: CommandTrace
    ) -> CommandID? {
        let asking = overlay.running.filter { !overlay.serves($0, published) && !trace.isFollowing($0) }
        guard let machine = asking.randomElement(using: &overlay.world.generator) else { return nil }
        switch command {
        case .find: return overlay.world.issue(.find(published.target), on: machine)
        case .publish:
            guard let value = value(lookups + number, in: overlay, by: machine) else { return nil }
            return overlay.world.issue(.publish(value.target, value.entry), on: machine)
        case .connect:
            let others = overlay.running.filter { $0 !== machine }
            guard let peer = others.randomElement(using: &overlay.world.generator) else { return nil }
            let mid = overlay.identity(of: peer).publicKey.mid
            return overlay.world.issue(.connect(mid, knownAddress: nil), on: machine)
        }
    }

    private func isSuccess(_ run: CommandTrace.Run, _ wanted: PublishedValue?) -> Bool {
        switch run.outcome {
        case .found(let found): wanted.map { found.entries.contains($0.entry) } ?? false
        case .published(let outcome): outcome.acknowledgedCount > 0
        case .connected(let nodes): !nodes.isEmpty
        case .pinged, .unreachable, .pingTimedOut, .publishRefused, .refreshed, .noSuchBucket, .noContacts, .walked,
            .taskPlanned, .noSuchTask, .refusedAsBusy, nil:
            false
        }
    }

    private func value(_ number: Int, in overlay: ComparedOverlay, by machine: Machine) -> PublishedValue? {
        let version = Version(signedAt: overlay.world.now)
        guard let entry = try? overlay.identity(of: machine).entry(Array("value \(number)".utf8), version: version)
        else { return nil }
        return PublishedValue(target: Target(hashing: "looked up value \(number)"), entry: entry)
    }

    private func publish(_ number: Int, in overlay: ComparedOverlay) -> PublishedValue? {
        guard let machine = overlay.running.randomElement(using: &overlay.world.generator),
            let value = value(number, in: overlay, by: machine)
        else { return nil }
        _ = overlay.world.issue(.publish(value.target, value.entry), on: machine)
        overlay.run(for: .milliseconds(500))
        return value
    }
}
