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

@Suite struct InstantTextTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.000000001Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00Z"), (4_107_542_399_000_000_000, "2100-02-28T23:59:59Z"),
        (1_770_120_000_123_456_789, "2026-02-03T12:00:00.123456789Z"), (.max, "2262-04-11T23:47:16.854775807Z"),
        (.min, "1677-09-21T00:12:43.145224192Z"),
    ])
    func momentsAreWrittenAndReadToTheNanosecond(nanoseconds: Int64, text: String) {
        #expect(Instant(nanoseconds: nanoseconds).iso8601 == text)
        #expect(Instant(iso8601: text) == Instant(nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "2026", "2026-13-01", "2026-02-30", "2026-02-03T", "2026-02-03T25:00:00Z", "2026-02-03T12:00:00",
        "2026-02-03T12:00:00.Z", "2026-02-03T12:00:00.1234567891Z", "2262-04-11T23:47:17Z", "+026-02-03",
    ])
    func otherTextsAreNoMoments(text: String) { #expect(Instant(iso8601: text) == nil) }

    @Test(arguments: [
        ("2026-02-03T12:00:00+01:00", "2026-02-03T11:00:00Z"), ("2026-02-03T12:00:00.5-2359", "2026-02-04T11:59:00.5Z"),
        ("2026-02-03t12:00:00z", "2026-02-03T12:00:00Z"), ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z"),
        ("2026-02-03T12:00:00.12345678901+00:00", "2026-02-03T12:00:00.123456789Z"),
        ("2026-02-03", "2026-02-03T00:00:00Z"),
    ])
    func timesOfOtherZonesAreRead(text: String, inUTC: String) {
        #expect(Instant(rfc3339: text) == Instant(iso8601: inUTC))
        #expect(Instant(iso8601: inUTC) != nil)
    }

    @Test(arguments: [
        "", "2026-02-03T12:00:00", "2026-02-03T12:00:00+24:00", "2026-02-03T12:00:00+01:60", "+01:00",
    ])
    func timesWithoutAZoneAreRefused(text: String) { #expect(Instant(rfc3339: text) == nil) }

    @Test func longTextsAreRefusedAtOnce() {
        #expect(Instant(rfc3339: String(repeating: "T", count: 100_000)) == nil)
    }

    @Test func datesAloneAreTheirBeginnings() {
        #expect(Instant(iso8601: "2026-02-03") == Instant(iso8601: "2026-02-03T00:00:00Z"))
        #expect(Instant(iso8601: "2026-02-03T12:00:00.5Z") == Instant(iso8601: "2026-02-03T12:00:00.500000000Z"))
    }
}
