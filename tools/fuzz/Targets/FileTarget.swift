internal import Console
import HTTPAPI
import IPv8

@testable import Bristlecone

/// Input that people and programs on the same machine give to a node.
///
///     selector 1 | contents of the file, or the body of a request to the API
enum FileTarget {
    private static let verifier = SignatureVerifier()

    static func run(_ input: [UInt8]) throws(Violation) {
        var source = ByteSource(input)
        let selector = source.byte() % 4
        let contents = source.rest()
        switch selector {
        case 0: try checkKey(contents)
        case 1: try checkJSON(BackupManifest.self, contents)
        case 2: try checkJSON(ForgetRequest.self, contents)
        default: checkSettings(contents)
        }
    }

    /// An accepted key makes valid signatures; otherwise nobody would accept its owner's packets.
    private static func checkKey(_ contents: [UInt8]) throws(Violation) {
        guard let key = try? PrivateKey(bytes: contents) else { return }
        try require(key.bytes == contents, "the key holds other bytes than its file")
        let message = Array("any".utf8)
        try require(
            verifier.isValid(key.sign(message)[...], of: message[...], by: key.publicKey),
            "a key was taken that signs for nobody")
    }

    private static func checkJSON<Value: Codable & Equatable>(
        _ type: Value.Type, _ contents: [UInt8]
    ) throws(Violation) {
        guard let value = try? JSONText.decode(type, from: contents) else { return }
        guard let written = try? JSONText.bytes(value), let again = try? JSONText.decode(type, from: written) else {
            throw Violation("what was read cannot be written and read again: \(value)")
        }
        try require(again == value, "\(value) reads as \(again)")
    }

    /// Errors name the line.
    private static func checkSettings(_ contents: [UInt8]) {
        guard let text = String(validating: contents, as: UTF8.self) else { return }
        _ = ConfigurationFile(path: "bristlecone.yaml", text: text)
    }
}
