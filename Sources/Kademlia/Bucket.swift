public import IPv8

/// The contacts of one part of the key space, and a few replacements.
public struct Bucket: Sendable {
    /// The contacts, oldest first.
    public internal(set) var contacts: [Contact] = []
    /// Nodes that answered while the bucket was full, the latest last.
    public internal(set) var replacements: [Contact] = []
    /// When a contact was last added, or the bucket was last refreshed. A bucket that stays unchanged for long is
    /// refreshed: the answers of its contacts do not tell whether there are others.
    public internal(set) var lastChanged: Instant

    /// No contact needs to be asked for a sign of life before this time. Contacts only ever move their own times later.
    private(set) var pingDueMin = Instant.distantPast

    /// The number of contacts in a bucket (the reference's `MAX_BUCKET_SIZE`), and of replacements.
    public static let sizeMax = 8

    init(createdAt now: Instant) { lastChanged = now }

    var isFull: Bool { contacts.count >= Bucket.sizeMax }

    // By index, because looping over contacts copies each one with everything that it refers to.

    func index(of id: NodeID) -> Int? { contacts.indices.first { contacts[$0].id == id } }

    /// The number of contacts in a limited network.
    func contactCount(of prefix: NetworkPrefix) -> Int {
        contacts.indices.count { prefix.limits(contacts[$0].node.address.host) }
    }

    /// The number of replacements in a limited network.
    func replacementCount(of prefix: NetworkPrefix) -> Int {
        replacements.indices.count { prefix.limits(replacements[$0].node.address.host) }
    }

    /// Adds a contact, or updates the one at an index.
    mutating func put(_ contact: Contact, at index: Int? = nil) {
        let place = index ?? contacts.count
        if index == nil { contacts.append(contact) } else { contacts[place] = contact }
        pingDueMin = min(pingDueMin, pingDue(at: place))
    }

    /// The contacts that need to be asked for a sign of life, which counts as done.
    mutating func takePingsDue(at now: Instant) -> [NodeInfo] {
        guard pingDueMin <= now else { return [] }
        var due: [NodeInfo] = []
        var next = now + Contact.quietMax
        for index in contacts.indices {
            if pingDue(at: index) <= now {
                contacts[index].lastPing = now
                due.append(contacts[index].node)
            }
            next = min(next, pingDue(at: index))
        }
        pingDueMin = next
        return due
    }

    private func pingDue(at index: Int) -> Instant {
        Contact.pingDue(
            lastResponse: contacts[index].lastResponse, lastQuery: contacts[index].lastQuery,
            lastPing: contacts[index].lastPing)
    }

    /// Remembers a node for the time when a contact goes bad.
    mutating func addReplacement(_ contact: Contact) {
        replacements.removeAll { $0.id == contact.id }
        if replacements.count >= Bucket.sizeMax { replacements.removeFirst() }
        replacements.append(contact)
    }

    /// Makes a replacement a contact.
    mutating func promote(at index: Int) -> Contact {
        let replacement = replacements.remove(at: index)
        put(replacement)
        return replacement
    }
}
