import IPv8
import Maintenance
import Testing

@testable import Bristlecone

@Suite struct ClockReadingTests {
    @Test func theMachinesClocksCanBeRead() {
        let (first, second) = (ClockReading.now(), ClockReading.now())
        #expect(second.sinceBoot >= first.sinceBoot && first.sinceBoot > .zero)
        #expect(first.wall > Instant(seconds: 1_700_000_000))
    }
}
