import IPv8
import Testing

@testable import Simulation

/// Fixed seeds of the scenario that `tools/soak` explores, shortened.
@Suite struct WholeSystemTests {
    /// A run that a debug build does in seconds.
    private static var short: WholeSystem.Plan {
        var plan = WholeSystem.Plan()
        plan.nodes = 8
        plan.length = .seconds(180)
        plan.crashes = 8
        plan.hastening = 60
        return plan
    }

    @Test(arguments: [1, 3, 4] as [UInt64])
    func noPromiseIsBroken(seed: UInt64) {
        let report = WholeSystem(seed: seed, plan: Self.short).run()
        #expect(report.violations.isEmpty, "replay with tools/soak --from \(seed) --seeds 1")
        // And something has been put to the test.
        #expect(report.crashes == 8)
        #expect(report.acknowledged > 60)
        #expect(report.looks > 20)
        #expect(report.served > 50)
        #expect(report.found * 10 >= report.lookedUp * 8)
        #expect(report.sweeps > 0 && report.retired > 0 && report.deleted > 0)
        #expect(report.pins > 0 && report.withdrawals > 0)
        #expect(report.contacts > 0 && report.mostAsked > 1)
        // Where clocks are wrong, nobody can say when a value has to be gone.
        #expect((report.lifetimeLooks > 0 && report.withdrawnLooks > 0) == !seed.isMultiple(of: 2))
    }

    @Test func theSameSeedMakesTheSameRun() {
        var plan = Self.short
        plan.length = .seconds(90)
        let reports = (0..<2).map { _ in WholeSystem(seed: 42, plan: plan).run() }
        #expect(reports[0].datagrams == reports[1].datagrams && reports[0].served == reports[1].served)
        #expect(reports[0].acknowledged == reports[1].acknowledged && reports[0].found == reports[1].found)
    }

    /// Every checker notices what it is there for, in a world that does wrong on purpose. A short run may happen not to
    /// ask for what is wrong, so there are three.
    @Test(arguments: [
        (Sabotage.acknowledgesEarly, "durability"), (.forgetsSyncs, "durability"), (.forgetsVersions, "durability"),
        (.sweepsEarly, "durability"), (.servesExpired, "serving"), (.altersValues, "serving"),
        (.ignoresLimits, "limits"),
    ])
    func aBrokenPromiseIsNoticed(sabotage: Sabotage, checker: String) {
        var plan = Self.short
        plan.sabotage = [sabotage]
        plan.length = .seconds(120)
        // What has expired is looked for when it has.
        if sabotage == .servesExpired { plan.length = .seconds(240) }
        let seeds: [UInt64] = [1, 2, 3]
        let isNoticed = seeds.contains { seed in
            WholeSystem(seed: seed, plan: plan).run().violations.contains { $0.checker == checker }
        }
        #expect(isNoticed)
    }

    @Test(arguments: [Sabotage.keepsAliveForEver, .forgetsWithdrawals])
    func aValueThatIsKeptAliveForEverIsNoticed(sabotage: Sabotage) {
        var plan = Self.short
        plan.length = .seconds(300)
        plan.crashes = 0
        plan.publications = 6
        plan.sabotage = [sabotage]
        #expect(WholeSystem(seed: 1, plan: plan).run().violations.contains { $0.checker == "lifetime" })
        plan.sabotage = []
        #expect(WholeSystem(seed: 1, plan: plan).run().violations.isEmpty)
    }
}
