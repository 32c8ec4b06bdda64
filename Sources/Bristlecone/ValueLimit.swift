package import IPv8

/// How much data one value of the DHT can hold.
package enum ValueLimit {
    /// The bytes that are left for the data of an unsigned value, whose serialized form has one byte more.
    package static let unsignedBytesMax = Entry.byteCountMax - 1

    /// The bytes that are left beside the signature and the public key; `nil` if not even these fit.
    ///
    /// - Parameter level: of the key that signs.
    package static func signedBytesMax(_ level: KeyLevel) -> Int? {
        // The kind, two lengths and the version.
        let left = Entry.byteCountMax - 1 - 2 - 4 - 2 - level.publicKeyByteCount - level.signatureByteCount
        return left >= 0 ? left : nil
    }

    /// What is wrong with storing so many bytes; `nil` if nothing is.
    ///
    /// - Parameter level: of the key that is to sign; `nil` for an unsigned value.
    package static func refusal(byteCount: Int, signedWith level: KeyLevel?) -> NodeError? {
        guard let level else {
            return byteCount <= unsignedBytesMax
                ? nil
                : NodeError(
                    .valueTooLong,
                    "The value has \(byteCount) bytes; an unsigned one can have \(unsignedBytesMax) at most.")
        }
        guard let bytesMax = signedBytesMax(level) else {
            return NodeError(
                .valueTooLong, "A \(level.rawValue) key leaves no room for signed values; store it unsigned.")
        }
        guard byteCount > bytesMax else { return nil }
        let way = byteCount <= unsignedBytesMax ? "; unsigned it can have \(unsignedBytesMax)" : ""
        return NodeError(
            .valueTooLong,
            "The value has \(byteCount) bytes; signed with a \(level.rawValue) key it can have \(bytesMax) at most\(way)."
        )
    }
}
