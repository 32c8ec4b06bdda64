internal import IPv8
internal import Kademlia

/// Contacts that fell silent, and those of an earlier run that have not answered yet; who was heard from last stands last.
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

    /// Begins with those of an earlier run, in whatever order.
    init(_ contacts: [Contact]) {
        self.contacts = contacts.sorted { ($0.lastResponse, $0.id) < ($1.lastResponse, $1.id) }
            .suffix(LostContacts.contactsMax)
    }

    /// How many were still there when the earlier run ended: those heard from not long before the last of them.
    var countOfLastHeard: Int {
        guard let last = contacts.last?.lastResponse else { return 0 }
        return contacts.count { last - $0.lastResponse <= LostContacts.interval }
    }

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
