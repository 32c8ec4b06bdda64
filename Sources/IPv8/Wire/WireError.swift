/// Why a datagram is not a packet of this overlay.
public enum WireError: String, Error, Equatable, CaseIterable {
    /// It begins with the prefix of another overlay, or of none.
    case foreignPrefix
    /// It is longer than any packet of the protocol.
    case tooLong
    /// A field goes past the end.
    case cutShort
    /// Bytes are left over behind the last field.
    case trailingBytes
    /// The message id stands for no message.
    case unknownMessage
    /// The message id stands for a message that is no longer in use.
    case deprecatedMessage
    /// An address is of a type that is neither IPv4 nor IPv6.
    case badAddress
    /// A public key is not the canonical encoding of a key.
    case badKey
}
