import IPv8
import Testing

@testable import Bristlecone

@Suite struct ValueLimitTests {
    @Test(arguments: [
        (KeyLevel.curve25519, 23 as Int?), (.veryLow, 53), (.low, 17), (.medium, nil), (.high, nil),
    ])
    func knowsTheRoomBesideASignature(level: KeyLevel, byteCount: Int?) {
        #expect(ValueLimit.signedBytesMax(level) == byteCount)
    }

    @Test func isWhatAnEntryTakes() throws {
        let key = try PrivateKey.generate()
        let bytes = [UInt8](repeating: 1, count: 23)
        #expect(throws: Never.self) { try Entry(data: bytes, version: Version(1), signedBy: key) }
        #expect(throws: EntryError.tooLong) { try Entry(data: bytes + [1], version: Version(1), signedBy: key) }
        #expect(throws: Never.self) { try Entry(unsigned: [UInt8](repeating: 1, count: ValueLimit.unsignedBytesMax)) }
    }

    @Test func saysHowLongAValueMayBe() {
        #expect(ValueLimit.refusal(byteCount: 23, signedWith: .curve25519) == nil)
        #expect(
            ValueLimit.refusal(byteCount: 24, signedWith: .curve25519)?.message
                == "The value has 24 bytes; signed with a curve25519 key it can have 23 at most; "
                + "unsigned it can have 169.")
        #expect(
            ValueLimit.refusal(byteCount: 170, signedWith: nil)?.message
                == "The value has 170 bytes; an unsigned one can have 169 at most.")
        #expect(
            ValueLimit.refusal(byteCount: 1, signedWith: .high)?.message
                == "A high key leaves no room for signed values; store it unsigned.")
        #expect(ValueLimit.refusal(byteCount: 0, signedWith: .medium) != nil)
        #expect(ValueLimit.refusal(byteCount: 0, signedWith: .low) == nil)
    }
}
