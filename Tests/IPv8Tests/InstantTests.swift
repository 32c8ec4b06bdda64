import IPv8
import Testing

@Suite struct InstantTests {
    @Test func durationsAddAndSubtract() {
        let start = Instant(seconds: 100)
        #expect(start + .seconds(5) == Instant(seconds: 105))
        #expect(start - .milliseconds(500) == Instant(nanoseconds: 99_500_000_000))
        #expect(Instant(seconds: 105) - start == .seconds(5))
    }

    @Test func whatDoesNotFitStaysAtTheEnd() {
        #expect(Instant(nanoseconds: .max) + .seconds(1) == Instant(nanoseconds: .max))
        #expect(Instant(nanoseconds: .min) - .seconds(1) == Instant(nanoseconds: .min))
        #expect(Instant.distantPast + .seconds(Int64.max) == Instant(nanoseconds: .max))
        #expect(Instant(seconds: .max) == Instant(nanoseconds: .max))
        #expect(Instant(sinceEpoch: .seconds(10_413_792_000)) == Instant(nanoseconds: .max), "the year 2300")
        #expect(Instant(sinceEpoch: .seconds(Int64.max) + .nanoseconds(999_999_999)) == Instant(nanoseconds: .max))
        #expect(Instant(sinceEpoch: .seconds(-1) + .nanoseconds(5)) == Instant(nanoseconds: -999_999_995))
        #expect(Instant(seconds: .min) == Instant(nanoseconds: .min))
        #expect(Instant(nanoseconds: .max) - Instant(nanoseconds: -1) == .nanoseconds(Int64.max))
        #expect(Instant(nanoseconds: .min) - Instant(nanoseconds: 1) == .nanoseconds(Int64.min))
    }
}
