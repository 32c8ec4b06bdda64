/// Why a datagram is not a packet of this overlay.
public enum WireError: String, Error, Equatable, CaseIterable {
    /// It begins with the prefix of another overlay, or of none.
    case foreignPrefix = "foreign_prefix"
    /// It is longer than any packet of the protocol.
    case tooLong = "too_long"
    /// A field goes past the end.
    case cutShort = "cut_short"
    /// Bytes are left over behind the last field.
    case trailingBytes = "trailing_bytes"
    /// The message id stands for no message.
    case unknownMessage = "unknown_message"
    /// The message id stands for a message that is no longer in use.
    case deprecatedMessage = "deprecated_message"
    /// An address is of a type that is neither IPv4 nor IPv6.
    case badAddress = "bad_address"
    /// A public key is not the canonical encoding of a key.
    case badKey = "bad_key"
}
