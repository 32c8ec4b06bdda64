@testable import IPv8

/// Serialized values through the parser: a parsed value consists of exactly the parts that it names.
///
///     selector 1 | version 4 | data       where the selector's low three bits are 1 to 5: signed by a key of that level
///     selector 1 | serialized value       otherwise
enum EntryTarget {
    private static let verifier = SignatureVerifier()

    static func run(_ input: [UInt8]) throws(Violation) {
        var source = ByteSource(input)
        let selector = Int(source.byte() & 7) - 1
        guard KeyLevel.allCases.indices.contains(selector) else {
            try check(source.rest())
            return
        }
        let version = source.integer(UInt32.self)
        let data = Array(source.rest().prefix(200))
        let bytes = Forgery.entry(data, version: version, signedBy: Forgery.key(2, KeyLevel.allCases[selector]))
        let entry = try check(bytes)
        try require((entry == nil) == (bytes.count > 170), "a value of \(bytes.count) bytes, kept or not")
        try require(entry.map { Array($0.data) == data } ?? true, "the data are not those that were signed")
    }

    /// Parses a value and checks it; `nil` if it is invalid.
    @discardableResult
    static func check(_ bytes: [UInt8]) throws(Violation) -> Entry? {
        guard let entry = try? Entry(bytes: bytes) else { return nil }
        try require(entry.bytes == bytes, "the value holds other bytes than were parsed")
        try require((1...170).contains(bytes.count), "a value of \(bytes.count) bytes was taken")
        guard let signature = entry.signature else {
            try require(bytes == [0] + entry.data, "an unsigned value is not a zero and its data")
            try require(entry.id.bits == Digest.sha1(bytes), "an unsigned value has another identity than its digest")
            try require(entry.isAuthentic(accordingTo: verifier), "what is not signed was signed wrongly")
            return entry
        }
        let key = signature.signer.bytes
        let signed =
            [1] + UInt16(entry.data.count).bigEndianBytes + entry.data + signature.version.number.bigEndianBytes
            + UInt16(key.count).bigEndianBytes + key
        try require(bytes.starts(with: signed), "a signed value does not consist of its parts")
        try require(
            bytes.count == signed.count + signature.signer.level.signatureByteCount, "a signature of another length")
        try require(entry.id.bits == Digest.sha1(key), "a signed value has another identity than its signer's")
        // Hostile keys and signatures must not end the process, whatever the result.
        _ = entry.isAuthentic(accordingTo: verifier)
        return entry
    }
}
