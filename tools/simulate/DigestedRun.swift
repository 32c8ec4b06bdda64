import DHTCore
import Maintenance
import Simulation

/// A run of the simulation whose digest is recorded, and the command that repeats it.
struct DigestedRun: Sendable {
    let name: String
    /// Whether it is one of the few that are quick to check.
    let isQuick: Bool
    private let body: @Sendable () throws -> Void

    private init(_ name: String, isQuick: Bool = false, body: @escaping @Sendable () throws -> Void) {
        self.name = name
        self.isQuick = isQuick
        self.body = body
    }

    /// Runs and returns the digest.
    func digest() throws -> String { try RunDigest.digest(of: body) }

    /// Every kind of world.
    static var all: [DigestedRun] { soaks + attacks + republishing + comparisons }

    private static let soaks = (1...4).map { seed in
        DigestedRun("soak-\(seed)", isQuick: seed == 1) { _ = WholeSystem(seed: UInt64(seed)).run() }
    }

    private static let quickAttacks: Set = ["flood-many", "sybils", "poisoned-nodes", "evict-signed"]

    private static let attacks = Attack.all.map { attack in
        DigestedRun("attack-\(attack.name)", isQuick: quickAttacks.contains(attack.name)) {
            _ = attack.run(seed: 1)
        }
    }

    private static let republishing = [
        DigestedRun("reboot", isQuick: true) {
            let overlay = try archivist(values: 500, ages: .zero...Duration.seconds(1800))
            overlay.boot()
            overlay.world.run(for: .seconds(180))
            overlay.world.kill(overlay.archivist)
            overlay.world.run(for: .seconds(3600))
            overlay.boot()
            overlay.world.run(for: .seconds(900))
        },
        DigestedRun("packets") {
            let overlay = try archivist(values: 1000, ages: .seconds(3601)...Duration.seconds(3602))
            overlay.boot()
            overlay.world.run(for: .seconds(1200))
        },
    ]

    private static func archivist(values: Int, ages: ClosedRange<Duration>) throws -> ArchivistWorld {
        var settings = NodeSettings()
        settings.signatures = .modelled
        settings.republishLimits.packetsPerSecond = 400
        return try ArchivistWorld(seed: 1, nodes: 100, values: values, ages: ages, settings: settings)
    }

    private static let comparisons = [OverlayKind.bristlecone, .mixed].map { kind in
        DigestedRun("compare-\(kind.rawValue)") {
            let report = ComparisonReport(
                kind: kind, churn: .measured, nodes: 100, hours: 0.1, seed: 1, loss: 0.01, values: 50)
            let comparison = Comparison(report, settleMinutes: 2, minutesBetweenSurveys: 3, lookupsPerSurvey: 20)
            comparison.run { _ in }
        }
    }
}
