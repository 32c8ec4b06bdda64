package import IPv8

/// How much data one value of the DHT can hold.
package enum ValueLimit {
    /// The bytes that are left for the data of an unsigned value, whose serialized form has one byte more.
    package static let unsignedBytesMax = Entry.byteCountMax - 1

    /// The bytes that are left beside the signature and the public key; 0 if not even these fit.
    ///
    /// - Parameter level: of the key that signs.
    package static func signedBytesMax(_ level: KeyLevel) -> Int {
        // The kind, two lengths and the version.
        max(0, Entry.byteCountMax - 1 - 2 - 4 - 2 - level.publicKeyByteCount - level.signatureByteCount)
    }

    /// What is wrong with storing so many bytes; `nil` if nothing is.
    ///
    /// - Parameter level: of the key that is to sign; `nil` for an unsigned value.
    package static func refusal(byteCount: Int, signedWith level: KeyLevel?) -> NodeError? {
        let bytesMax = level.map(signedBytesMax) ?? unsignedBytesMax
        guard byteCount > bytesMax else { return nil }
        guard let level else {
            return NodeError(
                .valueTooLong, "The value has \(byteCount) bytes; an unsigned one can have \(bytesMax) at most.")
        }
        guard bytesMax > 0 else {
            return NodeError(
                .valueTooLong, "A \(level.rawValue) key leaves no room for signed values; store it unsigned.")
        }
        let way = byteCount <= unsignedBytesMax ? "; unsigned it can have \(unsignedBytesMax)" : ""
        return NodeError(
            .valueTooLong,
            "The value has \(byteCount) bytes; signed with a \(level.rawValue) key it can have \(bytesMax) at most\(way)."
        )
    }
}
