import IPv8
import Testing

@Suite struct KeyTests {
    private let hello = Array("hello".utf8)
    private let verifier = SignatureVerifier()

    @Test func curve25519KeysOfTheReferenceSignAsTheReferenceDoes() throws {
        for vector in Vectors.all.keys {
            let key = try PrivateKey(bytes: vector.private.bytes)
            #expect(key.bytes == vector.private.bytes)
            #expect(key.publicKey.bytes == vector.public.bytes)
            #expect(key.publicKey.mid.bytes == vector.mid.bytes)
            #expect(key.sign(hello) == vector.signatureOfHello.bytes)
        }
    }

    @Test func keysOfTheOlderCurvesLoadAndVerify() throws {
        for vector in Vectors.all.legacyKeys {
            let key = try PrivateKey(bytes: vector.private.bytes)
            #expect(key.publicKey.level.rawValue == vector.level)
            #expect(key.publicKey.bytes == vector.public.bytes)
            #expect(key.publicKey.mid.bytes == vector.mid.bytes)
            #expect(key.publicKey.level.signatureByteCount == vector.signatureLength)
            #expect(verifier.isValid(vector.signatureOfHello.bytes[...], of: hello[...], by: key.publicKey))
            let packet = try Packet(decoding: vector.pingRequest.bytes)
            #expect(packet.isAuthentic(accordingTo: verifier) && packet.sender == key.publicKey)
        }
    }

    @Test(arguments: KeyLevel.allCases)
    func aNewKeySignsSavesAndLoads(level: KeyLevel) throws {
        let key = try PrivateKey.generate(level)
        let loaded = try PrivateKey(bytes: key.bytes)
        #expect(loaded.publicKey == key.publicKey && key.publicKey.level == level)
        for message in [[], hello, [UInt8](repeating: 0, count: 1000)] {
            let signature = loaded.sign(message)
            #expect(signature.count == level.signatureByteCount)
            #expect(verifier.isValid(signature[...], of: message[...], by: key.publicKey))
            #expect(!verifier.isValid(signature[...], of: (message + [1])[...], by: key.publicKey))
            #expect(!verifier.isValid(signature.dropLast(), of: message[...], by: key.publicKey))
        }
    }

    @Test(arguments: KeyLevel.allCases)
    func aChangedSignatureIsInvalid(level: KeyLevel) throws {
        let key = try PrivateKey.generate(level)
        let signature = key.sign(hello)
        for position in signature.indices {
            var changed = signature
            changed[position] ^= 1
            #expect(!verifier.isValid(changed[...], of: hello[...], by: key.publicKey), "byte \(position)")
        }
        let zeros = [UInt8](repeating: 0, count: signature.count)
        #expect(!verifier.isValid(zeros[...], of: hello[...], by: key.publicKey))
    }

    @Test func publicKeysOfSmallOrderProveNothing() throws {
        // The neutral element of the Ed25519 group: with it, S = 0 and R = neutral satisfy the equation for any message.
        var neutral = [UInt8](repeating: 0, count: 32)
        neutral[0] = 1
        let key = try #require(PublicKey(bytes: Array("LibNaCLPK:".utf8) + neutral + neutral))
        let signature = neutral + [UInt8](repeating: 0, count: 32)
        #expect(!verifier.isValid(signature[...], of: hello[...], by: key))
    }

    @Test func onlyTheCanonicalEncodingIsAKey() throws {
        for bytes in Vectors.all.keys.map(\.public.bytes) + Vectors.all.legacyKeys.map(\.public.bytes) {
            #expect(PublicKey(bytes: bytes) != nil)
            #expect(PublicKey(bytes: bytes + [0]) == nil)
            #expect(PublicKey(bytes: bytes.dropLast()) == nil)
        }
        #expect(PublicKey(bytes: []) == nil)
    }

    @Test func aPointThatIsNotOnTheCurveVerifiesNothing() throws {
        for vector in Vectors.all.legacyKeys {
            var bytes = vector.public.bytes
            bytes[bytes.count - 1] ^= 1
            let key = try #require(PublicKey(bytes: bytes))
            #expect(!verifier.isValid(vector.signatureOfHello.bytes[...], of: hello[...], by: key))
            // Bits above the field's degree would give one point two encodings.
            bytes = vector.public.bytes
            bytes[bytes.count - 2 * vector.signatureLength / 2] ^= 0x80
            let padded = try #require(PublicKey(bytes: bytes))
            #expect(!verifier.isValid(vector.signatureOfHello.bytes[...], of: hello[...], by: padded))
        }
    }

    @Test(arguments: [[], Array("LibNaCLSK:".utf8), Array("LibNaCLSK:short".utf8), Array("-----BEGIN".utf8)])
    func whatIsNoPrivateKeyIsRefused(bytes: [UInt8]) {
        #expect(throws: PrivateKeyError.unreadable) { try PrivateKey(bytes: bytes) }
    }

    @Test func aPrivateKeyWithSomebodyElsesPublicHalfIsRefused() throws {
        for vector in Vectors.all.legacyKeys {
            var bytes = vector.private.bytes
            // Within the secret, which comes first.
            bytes[12] ^= 1
            #expect(throws: PrivateKeyError.unreadable, "\(vector.level)") { try PrivateKey(bytes: bytes) }
        }
    }

    @Test func bytesBehindAPrivateKeyAreRefused() {
        for bytes in Vectors.all.keys.map(\.private.bytes) + Vectors.all.legacyKeys.map(\.private.bytes) {
            #expect(throws: PrivateKeyError.unreadable) { try PrivateKey(bytes: bytes + [0]) }
            #expect(throws: PrivateKeyError.unreadable) { try PrivateKey(bytes: bytes.dropLast()) }
        }
    }
}
