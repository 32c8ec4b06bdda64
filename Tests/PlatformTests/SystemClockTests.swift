import Foundation
import Platform
import Testing

@Suite struct SystemClockTests {
    @Test func waitingUsesNoProcessorTime() {
        let (before, begun) = (SystemClock.usedByThread, SystemClock.sinceBoot)
        Thread.sleep(forTimeInterval: 0.2)
        let (used, passed) = (SystemClock.usedByThread - before, SystemClock.sinceBoot - begun)
        #expect(passed >= .milliseconds(200) && used < passed / 4, "\(used) of \(passed)")
        var sum: UInt64 = 0
        for number in 0..<1_000_000 { sum = sum &* 31 &+ UInt64(number) }
        #expect(sum != 0 && SystemClock.usedByThread - before > used)
    }
}
