import ArgumentParser
import DHTCore
import FoundationEssentials
import Glibc
import Simulation

/// How overlays of our nodes do, and overlays of the reference's, in the same world.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Publishes values in an overlay, lets time pass, and measures lookups, messages and replicas.",
        discussion: """
            The kinds of overlay: bristlecone (all nodes are ours), reference (all are a model of py-ipv8's), mixed (one \
            in ten is ours; values are published and searched by the others). With churn, sessions are as long as they \
            were measured in KAD, and as many nodes are there on average as are asked for.
            """)

    @Option(help: "How many nodes are there at a time.") var nodes = 100
    @Option(help: "How many virtual hours pass after publishing.") var hours = 2.0
    @Option(help: "Whose nodes.") var kind = OverlayKind.bristlecone
    @Option(help: "Whether nodes come and go.") var churn = ChurnKind.none
    @Option(help: "The seed.") var seed: UInt64 = 1
    @Option(help: "How many values are published.") var values = 200
    @Option(help: "The share of datagrams that get lost.") var loss = 0.01
    @Option(help: "How many virtual minutes pass before publishing.") var settle = 10
    @Option(help: "How many virtual minutes pass from one survey to the next.") var every = 10
    @Option(help: "How many lookups are made before each survey.") var lookups = 50
    @Option(help: "The file for the results.") var json: String?

    func validate() throws {
        try refuse("--nodes", of: nodes, outside: 1...1_000_000)
        try refuse("--values", of: values, outside: 1...1_000_000)
        // A minute at least, since it is looked once a minute.
        try refuse("--hours", of: hours, outside: 0.02...10_000)
        try refuse("--settle", of: settle, outside: 0...1_000_000)
        try refuse("--every", of: every, outside: 1...1_000_000)
        try refuse("--lookups", of: lookups, outside: 0...1_000_000)
        try refuse("--loss", unlessShare: loss)
        if let json { try refuse("--json", unlessWritable: json) }
    }

    func run() throws {
        let clock = ContinuousClock()
        let began = clock.now
        let comparison = Comparison(
            ComparisonReport(
                kind: kind, churn: churn, nodes: nodes, hours: hours, seed: seed, loss: loss, values: values),
            settleMinutes: settle, minutesBetweenSurveys: every, lookupsPerSurvey: lookups)
        comparison.run { print("\((clock.now - began) / .seconds(1)) s: \($0)") }
        var report = comparison.report
        report.wallSeconds = rounded((clock.now - began) / .seconds(1))
        report.memoryMegabytes = rounded(peakMemoryMegabytes())
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let data = try encoder.encode(report)
        report.series = []
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
        if let json { try data.write(to: URL(filePath: json)) }
    }

    private func peakMemoryMegabytes() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) / 1024
    }
}
