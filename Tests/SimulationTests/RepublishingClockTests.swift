import IPv8
import Kademlia
import Maintenance
import Testing

@testable import DHTCore
@testable import Simulation

/// What a clock does to what is kept alive: nothing is lost early, and nothing comes as a storm. An hour takes three
/// minutes here, but a step of the clock is followed after ten minutes as ever.
@Suite struct RepublishingClockTests {
    private static let keyCount = 20
    private static let hour: Duration = .seconds(180)

    /// A node that has published some values, among a dozen others.
    private struct Overlay {
        let inner: ArchivistWorld
        var world: World { inner.world }
        var machine: Machine { inner.archivist }
        var meter: RequestMeter { inner.meter }

        init() throws {
            var settings = NodeSettings()
            settings.timing = .hastened(by: 20)
            settings.signatures = .modelled
            inner = try ArchivistWorld(
                seed: 7, nodes: 12, values: RepublishingClockTests.keyCount, ages: .zero...Duration.seconds(100),
                settings: settings)
            inner.boot()
            world.run(for: .seconds(60))
            meter.reset()
        }

        /// Lets time pass, and tells how few of the others ever held a value, and the most stores in one minute.
        func watch(for duration: Duration) -> (copiesMin: Int, storesAMinuteMax: Int) {
            let end = world.now + duration
            var (copiesMin, storesMax) = (Int.max, 0)
            while world.now < end {
                let before = meter.storeCount
                for _ in 0..<12 where world.now < end {
                    world.run(for: min(.seconds(5), end - world.now))
                    copiesMin = min(
                        copiesMin, inner.targets.map { inner.ledger.copyCount(of: $0, at: world.now) }.min() ?? 0)
                }
                storesMax = max(storesMax, meter.storeCount - before)
            }
            return (copiesMin, storesMax)
        }

        /// Whether the archive of the node has all its values, served or not.
        var archiveHasAll: Bool { inner.targets.allSatisfy { !inner.storage.held(under: $0).isEmpty } }
    }

    /// Each key once, to eight nodes.
    private static let sweepStores = 8 * keyCount

    @Test(arguments: [Duration.seconds(86_400), .seconds(-86_400)])
    func aSlipThatIsTakenBackChangesNothing(step: Duration) throws {
        let overlay = try Overlay()
        overlay.machine.clock.wallError = step
        var seen = overlay.watch(for: .seconds(300))
        overlay.machine.clock.wallError = .zero
        let later = overlay.watch(for: .seconds(300))
        seen = (min(seen.copiesMin, later.copiesMin), max(seen.storesAMinuteMax, later.storesAMinuteMax))
        #expect(seen.copiesMin >= 8 && seen.storesAMinuteMax <= Self.sweepStores)
        // Due after 112 to 135 s each time.
        #expect(overlay.meter.storeCount <= 6 * Self.sweepStores)
    }

    @Test(arguments: [Duration.seconds(86_400), .seconds(-86_400)])
    func aStepThatHoldsIsFollowedWithoutALossOrAStorm(step: Duration) throws {
        let overlay = try Overlay()
        overlay.machine.clock.wallError = step
        let seen = overlay.watch(for: .seconds(1200))
        #expect(overlay.machine.host?.clock.offset == step)
        #expect(seen.copiesMin >= 8 && seen.storesAMinuteMax <= Self.sweepStores + Self.sweepStores / 2)
        #expect(overlay.meter.storeCount <= 12 * Self.sweepStores)
        #expect(overlay.archiveHasAll)
    }

    @Test(arguments: [Duration.seconds(86_400), .seconds(-86_400)])
    func aWrongClockAtBootLosesNothing(error: Duration) throws {
        let overlay = try Overlay()
        overlay.world.kill(overlay.machine)
        overlay.machine.clock.wallError = error
        overlay.world.boot(overlay.machine)
        let wrong = overlay.watch(for: .seconds(400))
        overlay.machine.clock.wallError = .zero
        let right = overlay.watch(for: .seconds(1200))
        #expect(overlay.machine.host?.clock.offset == .zero - error)
        #expect(min(wrong.copiesMin, right.copiesMin) >= 8)
        #expect(max(wrong.storesAMinuteMax, right.storesAMinuteMax) <= Self.sweepStores + Self.sweepStores / 2)
        #expect(overlay.archiveHasAll)
    }

    /// While a machine sleeps its clock since boot goes on, and nothing that runs on it does.
    @Test func aMachineThatSleptCatchesUpWithinTheLimits() throws {
        let overlay = try Overlay()
        let resident = try #require(overlay.machine.resident)
        overlay.machine.resident = nil
        overlay.world.run(for: Self.hour * 3)
        overlay.machine.resident = resident
        overlay.world.act(on: overlay.machine) { resident.wake(&$0) }
        overlay.world.run(for: .seconds(90))
        let seen = overlay.watch(for: .seconds(240))
        #expect(seen.copiesMin >= 8)
        #expect(overlay.meter.storeCount <= 4 * Self.sweepStores)
        #expect(overlay.meter.storesPerPeerMax <= 5 && overlay.meter.perPeerMax <= 10)
    }
}
