import Testing

@testable import Bristlecone

@Suite struct ByteSizeTests {
    @Test(arguments: [
        ("50 GiB", 50 << 30), ("50GiB", 50 << 30), ("1.5 gib", 3 << 29), ("500 MB", 500_000_000), ("12 kB", 12000),
        ("7 B", 7), ("0 B", 0), ("1 TiB", 1 << 40),
    ])
    func readsNumberAndUnit(text: String, bytes: Int) {
        #expect(ByteSize(text)?.bytes == bytes)
    }

    @Test(arguments: ["", "50", "GiB", "50 G", "-1 GiB", "1.2.3 GiB", "9999999999 TiB", "1e3 B", "50 GiB of", "٣ B"])
    func refusesAnythingElse(text: String) {
        #expect(ByteSize(text) == nil)
    }

    @Test(arguments: [0, 1, 1023, 1024, 1 << 30, 50 << 30, 1000, 500_000_000, 1_000_000_000_000, 123_456_789])
    func writesWhatItReadsBack(bytes: Int) {
        #expect(ByteSize(ByteSize(bytes: bytes).description)?.bytes == bytes)
    }

    @Test func writesTheLargestUnitWithoutFraction() {
        #expect(ByteSize.gibibytes(50).description == "50 GiB")
        #expect(ByteSize(bytes: 500_000_000).description == "500 MB")
    }
}
