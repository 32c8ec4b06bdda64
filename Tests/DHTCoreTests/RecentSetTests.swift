import IPv8
import Testing

@testable import DHTCore

@Suite struct RecentSetTests {
    private let start = Instant(seconds: 1_000_000)

    @Test func elementCountsForOneToTwoTurns() {
        var set = RecentSet<Int>(turn: .seconds(30))
        set.note(1, at: start)
        set.note(2, at: start + .seconds(29))
        #expect(set.contains(1, at: start + .seconds(30)) && !set.contains(3, at: start))
        set.note(3, at: start + .seconds(30))
        #expect(set.contains(1, at: start + .seconds(59)) && set.contains(2, at: start + .seconds(59)))
        #expect(!set.contains(1, at: start + .seconds(60)) && !set.contains(2, at: start + .seconds(60)))
        #expect(set.contains(3, at: start + .seconds(89)) && !set.contains(3, at: start + .seconds(90)))
    }

    @Test func removedElementCountsInNeitherGeneration() {
        var set = RecentSet<Int>(turn: .seconds(30))
        set.note(1, at: start)
        set.note(1, at: start + .seconds(30))
        set.remove(1)
        #expect(!set.contains(1, at: start + .seconds(30)) && set.count == 0)
    }

    @Test func countIsBoundedAndTheLatestStay() {
        var set = RecentSet<Int>(turn: .seconds(30))
        for number in 0..<20_000 { set.note(number, at: start) }
        #expect(set.count <= 2 * RecentSet<Int>.generationMax)
        #expect(set.contains(19_999, at: start) && set.contains(16_000, at: start) && !set.contains(0, at: start))
    }
}
