import IPv8
import Testing

@testable import Archive

/// How many values lie where in the key space.
@Suite struct DensityTests {
    private func density(_ targets: [Target], under prefix: String) throws -> ValueDensity {
        let folder = try Folder()
        let archive = try folder.open()
        for (number, target) in targets.enumerated() {
            try archive.store(try Sample.unsigned("v\(number)"), under: target, at: .start, for: 3600)
        }
        return try ArchiveReader(of: archive).density(under: try #require(KeyPrefix(prefix)))
    }

    @Test func fewValuesAreCounted() throws {
        let targets = (0..<100).map { Target(hashing: "\($0)") }
        let density = try density(targets, under: "")
        for part in 0..<ValueDensity.parts {
            #expect(density.values[part] == targets.count { $0.bytes[0] == UInt8(part) })
        }
    }

    @Test func manyValuesAreEstimatedFromTheFirst() throws {
        // One part with 400 values that lie evenly, and one with a single value.
        let targets = (0..<400).map { number in
            Target(bits: Bits160(high: 0x5500_0000_0000_0000 + UInt64(number) * ((1 << 56) / 400), middle: 0, low: 0))
        }
        let density = try density(targets + [Target(bits: Bits160(high: 0x56 << 56, middle: 0, low: 0))], under: "")
        #expect((390...410).contains(density.values[0x55]), "\(density.values[0x55])")
        #expect(density.values[0x56] == 1)
        #expect(density.values.reduce(0, +) == density.values[0x55] + 1)
    }

    @Test func aPrefixLeadsIntoItsPart() throws {
        let targets = (0..<100).map { Target(hashing: "\($0)") }
        let density = try density(targets, under: "01")
        let within = targets.filter { $0.bytes[0] >> 6 == 1 }
        for part in 0..<ValueDensity.parts {
            let expected = within.count { Int($0.bytes[0] & 0x3F) << 2 | Int($0.bytes[1] >> 6) == part }
            #expect(density.values[part] == expected)
        }
        #expect(!within.isEmpty)
    }

    @Test(arguments: ["2", "0x", "01 ", String(repeating: "0", count: KeyPrefix.countMax + 1), "０"])
    func onlyBitsAreAPrefix(text: String) { #expect(KeyPrefix(text) == nil) }

    @Test(arguments: ["", "0", "1", "0101", String(repeating: "1", count: KeyPrefix.countMax)])
    func aPrefixIsItsText(text: String) { #expect(KeyPrefix(text)?.text == text) }
}
