public import IPv8

/// Why a datagram was not acted on.
public enum DropReason: Hashable, Sendable {
    /// It is not a packet of this overlay.
    case undecodable(WireError)
    /// A value in it is not an entry.
    case badEntry(EntryError)
    /// Anything else.
    case refused(Refusal)

    /// What can be wrong with a packet that reads well.
    public enum Refusal: String, Hashable, Sendable, CaseIterable {
        /// Its signature is not the sender's.
        case badSignature
        /// An entry's signature is not its signer's.
        case badEntrySignature
        /// It carries our own key.
        case ownPacket
        /// It came from an address that nobody can be answered at.
        case badSource
        /// It answers nothing that we asked, or not from where we asked, or too late.
        case unmatchedResponse
        /// The very same request came a few seconds ago.
        case replayed
        /// The sender asks more often than a peer may.
        case floodLimit
        /// More is waiting to be checked than can be.
        case overloaded
        /// The token is not one that we gave to this sender lately.
        case badToken
        /// It carries more values than a request may.
        case tooManyValues
        /// The archive has no room for a value in it.
        case noRoom
        /// The archive could not write.
        case archiveFailed
        /// It asks to be remembered under a mid that is not the sender's.
        case foreignMid
    }

    /// The name under which drops of this kind are counted.
    public var name: String {
        switch self {
        case .undecodable(let error): error.rawValue
        case .badEntry(let error): "badEntry." + error.rawValue
        case .refused(let refusal): refusal.rawValue
        }
    }
}
