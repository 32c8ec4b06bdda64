internal import Archive
internal import DHTCore

/// The archive and the core know nothing of each other; here what the one says is put into the other's words.

extension StoreChange {
    /// What the core wants stored.
    init(_ intent: StoreIntent) {
        let provenance: Provenance =
            switch intent.origin {
            case .published: .publishedHere
            case .stored(let mid, let address): .received(from: mid, at: address)
            }
        self.init(
            target: intent.target, entries: intent.entries, expiresAt: intent.expiresAt, provenance: provenance)
    }
}
