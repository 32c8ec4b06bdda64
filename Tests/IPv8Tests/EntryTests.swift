import IPv8
import Testing

@Suite struct EntryTests {
    private let verifier = SignatureVerifier()

    @Test func goldenValuesParseToTheReferencesFields() throws {
        for vector in Vectors.all.values {
            let entry = try Entry(bytes: vector.serialized.bytes)
            #expect(Array(entry.data) == vector.data.bytes, "\(vector.name)")
            #expect(entry.signature?.version.number == vector.version)
            #expect(entry.signature?.signer.bytes == vector.publicKey?.bytes)
            #expect(entry.id.bytes == vector.id.bytes)
            #expect(entry.isAuthentic(accordingTo: verifier))
        }
    }

    @Test func signingMakesTheReferencesBytes() throws {
        let key = try PrivateKey(bytes: Vectors.all.keys[0].private.bytes)
        let vector = try #require(Vectors.all.values.first { $0.name == "signed" })
        let entry = try Entry(data: vector.data.bytes, version: Version(1_700_000_000), signedBy: key)
        #expect(entry.bytes == vector.serialized.bytes)
        #expect(try Entry(unsigned: vector.data.bytes).bytes == [0] + vector.data.bytes)
    }

    @Test func aSignedValueCutAtAnyLengthOrChangedInAnyByteIsNotAuthentic() throws {
        for vector in Vectors.all.values where vector.version != nil {
            let bytes = vector.serialized.bytes
            for length in bytes.indices {
                #expect((try? Entry(bytes: Array(bytes[..<length]))) == nil, "cut to \(length)")
            }
            // Byte 0 decides whether there is a signature at all.
            for position in bytes.indices.dropFirst() {
                var changed = bytes
                changed[position] ^= 0xFF
                let entry = try? Entry(bytes: changed)
                #expect(entry?.isAuthentic(accordingTo: verifier) != true, "byte \(position)")
            }
        }
    }

    @Test func theLimitIs170Bytes() throws {
        let key = try PrivateKey.generate()
        #expect(
            try Entry(data: [UInt8](repeating: 1, count: 23), version: Version(1), signedBy: key).bytes.count == 170)
        #expect(throws: EntryError.tooLong) {
            try Entry(data: [UInt8](repeating: 1, count: 24), version: Version(1), signedBy: key)
        }
        #expect(try Entry(unsigned: [UInt8](repeating: 1, count: 169)).bytes.count == 170)
        #expect(throws: EntryError.tooLong) { try Entry(unsigned: [UInt8](repeating: 1, count: 170)) }
    }

    @Test(
        arguments: [
            ([], .empty), ([2, 1], .unknownKind), ([255], .unknownKind), ([1], .badLength), ([1, 0, 9, 1], .badLength),
            ([1, 0, 0, 0, 0, 0, 1, 0, 3, 1, 2, 3], .badKey),
        ] as [([UInt8], EntryError)])
    func whatIsNoEntryIsRefusedWithItsReason(bytes: [UInt8], error: EntryError) {
        #expect(throws: error) { try Entry(bytes: bytes) }
    }

    @Test func theVersionIsTheTimeOfSigning() {
        #expect(Version(signedAt: Instant(seconds: 1_700_000_000)) == Version(1_700_000_000))
        #expect(Version(signedAt: Instant(seconds: 1 << 33)) == Version(.max))
        #expect(Version(signedAt: Instant(seconds: -1)) == Version(0))
    }

    @Test(
        arguments: [
            (100, nil, 100), (100, 99, 100), (100, 100, 101), (100, 4000, 4001), (-5, nil, 0), (-5, 0, 1),
            (Int64.max, nil, UInt32.max), (100, UInt32.max - 1, UInt32.max), (100, UInt32.max, nil),
        ] as [(Int64, UInt32?, UInt32?)])
    func aVersionIsTheTimeOrTheNumberAfterTheLastOne(seconds: Int64, last: UInt32?, expected: UInt32?) {
        let version = Version(signedAt: Instant(seconds: seconds), after: last.map { Version($0) })
        #expect(version?.number == expected)
    }

    @Test func aVersionTellsHowFarItIsAheadOfTheClock() {
        #expect(Version(160).lead(over: Instant(seconds: 100)) == .seconds(60))
        #expect(Version(100).lead(over: Instant(seconds: 160)) == .zero)
        #expect(Version(.max).lead(over: Instant(nanoseconds: .min)) == .seconds(Int64(UInt32.max)))
    }
}
