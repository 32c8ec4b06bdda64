import Archive
import Testing

@testable import Bristlecone

@Suite struct PinSummaryTests {
    private func pins(enough: Int = 0, few: Int = 0, none: Int = 0) -> PinnedReplicas {
        var pins = PinnedReplicas()
        (pins.enough, pins.few, pins.none) = (enough, few, none)
        return pins
    }

    @Test func tellsOnceInARoundAndOnlyWhatHasChanged() {
        var summary = PinSummary()
        let round = Duration.seconds(2700)
        #expect(summary.next(pins(enough: 5), at: .seconds(0), round: round) == nil)
        #expect(
            summary.next(pins(enough: 4600, few: 9, none: 3), at: .seconds(60), round: round)
                == "Of 4612 pinned keys, 9 have fewer than 3 replicas in the DHT, and 3 have none. \"bristlecone pin list\" names "
                + "them.")
        #expect(summary.next(pins(enough: 4601, few: 8, none: 3), at: .seconds(120), round: round) == nil)
        #expect(summary.next(pins(enough: 4601, few: 8, none: 3), at: .seconds(2800), round: round) != nil)
        #expect(summary.next(pins(enough: 4601, few: 8, none: 3), at: .seconds(9000), round: round) == nil)
        #expect(
            summary.next(pins(enough: 4612), at: .seconds(12_000), round: round)
                == "All pinned keys that were looked for have 3 replicas or more in the DHT again.")
    }
}
