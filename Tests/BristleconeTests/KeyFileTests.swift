import IPv8
import Testing

@testable import Bristlecone

@Suite struct KeyFileTests {
    @Test(arguments: KeyLevel.allCases) func aKeyIsReadWithAnyLineEndsBehindIt(level: KeyLevel) throws {
        let key = try PrivateKey.generate(level)
        for end in ["", "\n", "\r\n", "\n\n"] {
            #expect(KeyFile.key(in: key.bytes + Array(end.utf8))?.bytes == key.bytes)
            #expect(KeyFile.key(in: Array((Hex.encode(key.bytes) + end).utf8))?.bytes == key.bytes)
        }
    }

    /// The last byte of one key in 128 is that of a line end.
    @Test func aKeyThatEndsLikeALineIsReadWithLineEndsBehindIt() throws {
        let bytes = Array("LibNaCLSK:".utf8) + [UInt8](repeating: 5, count: 63) + [0x0A]
        for end in ["", "\n", "\r\n", "\n\n"] {
            #expect(KeyFile.key(in: bytes + Array(end.utf8))?.bytes == bytes)
        }
    }

    @Test func rawBytesOfACurve25519KeyAreRead() throws {
        let key = try PrivateKey.generate()
        #expect(KeyFile.key(in: Array(key.bytes.dropFirst(10)))?.publicKey == key.publicKey)
        // A raw key may end like a text.
        let bytes = [UInt8](repeating: 5, count: 63) + [0x0A]
        #expect(KeyFile.key(in: bytes)?.bytes == Array("LibNaCLSK:".utf8) + bytes)
    }

    @Test func whatIsNoKeyIsNotRead() throws {
        let key = try PrivateKey.generate()
        for bytes in [
            [], [0x0A], key.publicKey.bytes, Array(key.bytes.dropLast()), Array("-----BEGIN X-----\nAA\n".utf8),
        ] {
            #expect(KeyFile.key(in: bytes) == nil)
        }
    }
}
