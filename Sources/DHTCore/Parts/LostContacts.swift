internal import IPv8
internal import Kademlia

/// Contacts that fell silent, and those of an earlier run that have not answered yet.
///
/// They may be away for a moment only, or we may: so they are asked again while there are few contacts, and they are
/// remembered for the next start. Those that have been lost longest give up their place first.
struct LostContacts: Sendable {
    private(set) var contacts: [Contact]
    private var askedAt: Instant?

    /// How many are remembered.
    static let contactsMax = 128
    /// How often they are asked for a sign of life.
    static let interval: Duration = .seconds(60)

    init(_ contacts: [Contact]) { self.contacts = contacts.suffix(LostContacts.contactsMax) }

    mutating func add(_ contact: Contact) {
        remove(contact.id)
        if contacts.count >= LostContacts.contactsMax { contacts.removeFirst() }
        var contact = contact
        contact.failures = 0
        contact.lastFailure = nil
        contacts.append(contact)
    }

    mutating func remove(_ id: NodeID) { contacts.removeAll { $0.id == id } }

    /// All of them, if it is time to ask them again; none otherwise.
    mutating func takeDue(at now: Instant) -> [NodeInfo] {
        if let askedAt, now - askedAt < LostContacts.interval { return [] }
        askedAt = now
        return contacts.map(\.node)
    }
}
