public import IPv8

/// The contacts of one part of the key space, and a few more that would like to be.
public struct Bucket: Sendable {
    /// The contacts, oldest first.
    public internal(set) var contacts: [Contact] = []
    /// Nodes that answered while the bucket was full, the latest last.
    public internal(set) var replacements: [Contact] = []
    /// When a contact last came, or the bucket was looked through. One that stays unchanged for long is looked through
    /// again: that its contacts answer does not tell whether there are others.
    public internal(set) var lastChanged: Instant

    /// None of the contacts is to be asked for a sign of life before this: what a contact does only moves its time on.
    private(set) var pingDueMin = Instant.distantPast

    /// How many contacts a bucket holds (the reference's `MAX_BUCKET_SIZE`), and how many replacements.
    public static let sizeMax = 8

    init(createdAt now: Instant) { lastChanged = now }

    var isFull: Bool { contacts.count >= Bucket.sizeMax }

    // By index, since looping over contacts copies each with all that it refers to.

    func index(of id: NodeID) -> Int? { contacts.indices.first { contacts[$0].id == id } }

    /// How many contacts are of a network that is limited.
    func contactCount(of prefix: NetworkPrefix) -> Int {
        contacts.indices.count { prefix.limits(contacts[$0].node.address.host) }
    }

    /// How many of those that wait are.
    func replacementCount(of prefix: NetworkPrefix) -> Int {
        replacements.indices.count { prefix.limits(replacements[$0].node.address.host) }
    }

    /// Takes in a contact, or what became of the one at an index.
    mutating func put(_ contact: Contact, at index: Int? = nil) {
        let place = index ?? contacts.count
        if index == nil { contacts.append(contact) } else { contacts[place] = contact }
        pingDueMin = min(pingDueMin, pingDue(at: place))
    }

    /// The contacts that are to be asked for a sign of life, which counts as done.
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

    /// Remembers a node for the day a contact goes bad.
    mutating func addReplacement(_ contact: Contact) {
        replacements.removeAll { $0.id == contact.id }
        if replacements.count >= Bucket.sizeMax { replacements.removeFirst() }
        replacements.append(contact)
    }

    /// Takes a replacement in as a contact.
    mutating func promote(at index: Int) -> Contact {
        let replacement = replacements.remove(at: index)
        put(replacement)
        return replacement
    }
}
