import IPv8
import Testing

@Suite struct IdentifierTests {
    @Test func bytesReadAndWriteBack() throws {
        let bytes = (1...20).map { UInt8($0) }
        let bits = try #require(Bits160(bytes))
        #expect(bits.bytes == bytes)
        #expect(Bits160(bytes.dropLast()) == nil && Bits160(bytes + [1]) == nil)
    }

    @Test func bitsCountFromTheMostSignificant() {
        for position in 0..<160 {
            var bits = Bits160.zero
            bits[bit: position] = true
            #expect(bits[bit: position])
            #expect(bits.leadingZeroBitCount == position)
            #expect(bits.bytes[position / 8] == 0x80 >> UInt8(position % 8))
            bits[bit: position] = false
            #expect(bits == .zero)
        }
        #expect(Bits160.zero.leadingZeroBitCount == 160)
    }

    @Test func orderIsThatOfTheNumbers() {
        let one = Bits160(high: 0, middle: 0, low: 1)
        let middle = Bits160(high: 0, middle: 1, low: 0)
        let high = Bits160(high: 1, middle: 0, low: 0)
        #expect([high, one, middle].sorted() == [one, middle, high])
    }

    @Test func aKeyIsTheHashOfItsText() {
        #expect(Target(hashing: "hello").description == "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")
    }

    @Test func hexIsReadOfEitherCaseAndNothingElse() {
        #expect(Hex.decode("00fFAb") == [0, 255, 171])
        #expect(Hex.decode("0") == nil && Hex.decode("zz") == nil && Hex.decode("0x00") == nil)
        #expect(Target(hex: "00") == nil)
        #expect(Hex.encode([0, 255, 171]) == "00ffab")
    }

    @Test func crc32IsZlibs() {
        #expect(Digest.crc32(0x3132_3334_3536_3738, byteCount: 8) == 0x9AE0_DAAF)
        #expect(Digest.crc32(0x3132_3334, byteCount: 4) == 0x9BE3_E0A3)
    }
}
