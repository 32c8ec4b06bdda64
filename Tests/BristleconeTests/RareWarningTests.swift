import Testing

@testable import Bristlecone

@Suite struct RareWarningTests {
    @Test func isGivenOnceInTenMinutesAndThenTellsHowOftenItWasDue() {
        var warning = RareWarning()
        #expect(warning.next(at: .seconds(5)) == "")
        for second in 6..<9 { #expect(warning.next(at: .seconds(second)) == nil) }
        #expect(warning.next(at: .seconds(605)) == " (and 3 times more since it was last told)")
        #expect(warning.next(at: .seconds(606)) == nil)
        #expect(warning.next(at: .seconds(2000)) == " (and 1 times more since it was last told)")
    }
}
