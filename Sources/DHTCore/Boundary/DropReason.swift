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
        case badSignature = "bad_signature"
        /// An entry's signature is not its signer's.
        case badEntrySignature = "bad_entry_signature"
        /// It carries our own key.
        case ownPacket = "own_packet"
        /// The operator has banned the address that it came from.
        case banned
        /// It came from an address that nobody can be answered at.
        case badSource = "bad_source"
        /// It answers nothing that we asked, or not from where we asked, or too late.
        case unmatchedResponse = "unmatched_response"
        /// The very same request came a few seconds ago.
        case replayed
        /// The sender asks more often than a peer may.
        case floodLimit = "flood_limit"
        /// More is waiting to be checked than can be.
        case overloaded
        /// The token is not one that we gave to this sender lately.
        case badToken = "bad_token"
        /// It carries more values than a request may.
        case tooManyValues = "too_many_values"
        /// The archive has no room for a value in it.
        case noRoom = "no_room"
        /// The archive could not write.
        case archiveFailed = "archive_failed"
        /// It asks for an introduction, and we have more contacts than we introduce newcomers with.
        case peerLimit = "peer_limit"
        /// The sender has not proved that it receives at its address, and what may go to such addresses is used up.
        case unprovenAddress = "unproven_address"
        /// It asks to be remembered under a mid that is not the sender's.
        case foreignMid = "foreign_mid"
    }

    /// The name under which drops of this kind are counted.
    public var name: String {
        switch self {
        case .undecodable(let error): error.rawValue
        case .badEntry(let error): "bad_entry." + error.rawValue
        case .refused(let refusal): refusal.rawValue
        }
    }
}
