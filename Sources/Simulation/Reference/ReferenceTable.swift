internal import IPv8
internal import Kademlia

/// The reference's routing table. It adds every requester and responder, replaces slow nodes with faster ones, and
/// counts a bucket as changed with every packet from one of its nodes.
struct ReferenceTable {
    /// The id of the table's creation, which does not follow a changed address.
    let ownID: NodeID
    /// Bucket i has the nodes that share exactly i leading bits with our own id; the last one has all that share more.
    private(set) var buckets = [Bucket()]

    struct Bucket {
        var contacts: [ReferenceContact] = []
        var lastChanged = Instant.distantPast
    }

    /// `MAX_BUCKET_SIZE`.
    private static let bucketSizeMax = 8

    init(ownID: NodeID) { self.ownID = ownID }

    // MARK: Changing

    /// Adds a node if there is room or another has to leave. Returns its contact.
    mutating func add(_ contact: ReferenceContact, at now: Instant) -> ReferenceContact? {
        while true {
            let number = bucketNumber(of: contact.id)
            if let known = touch(contact.id, at: now) { return known }
            if makesRoom(for: contact, in: number) {
                buckets[number].contacts.append(contact)
                buckets[number].lastChanged = now
                return contact
            }
            guard number == buckets.count - 1, buckets.count < Bits160.bitCount else { return nil }
            splitLastBucket(at: now)
        }
    }

    /// The contact with an id. Its bucket counts as changed.
    mutating func touch(_ id: NodeID, at now: Instant) -> ReferenceContact? {
        let number = bucketNumber(of: id)
        guard let known = buckets[number].contacts.first(where: { $0.id == id }) else { return nil }
        buckets[number].lastChanged = now
        return known
    }

    /// A bad node leaves a full bucket, and so does one that answers twice as slowly as the newcomer.
    private mutating func makesRoom(for newcomer: ReferenceContact, in number: Int) -> Bool {
        if buckets[number].contacts.count >= ReferenceTable.bucketSizeMax {
            if let bad = buckets[number].contacts.firstIndex(where: \.isBad) {
                buckets[number].contacts.remove(at: bad)
            }
            if newcomer.roundTrip > .zero,
                let slow = buckets[number].contacts.firstIndex(where: { $0.roundTrip >= newcomer.roundTrip * 2 })
            {
                buckets[number].contacts.remove(at: slow)
            }
        }
        return buckets[number].contacts.count < ReferenceTable.bucketSizeMax
    }

    private mutating func splitLastBucket(at now: Instant) {
        let last = buckets.count - 1
        let whole = buckets[last].contacts
        let isNear = { [ownID] (contact: ReferenceContact) in
            (contact.id.bits ^ ownID.bits).leadingZeroBitCount > last
        }
        let (near, far) = (whole.filter(isNear), whole.filter { !isNear($0) })
        buckets[last] = Bucket(contacts: far, lastChanged: far.isEmpty ? .distantPast : now)
        buckets.append(Bucket(contacts: near, lastChanged: near.isEmpty ? .distantPast : now))
    }

    mutating func removeBad() {
        for number in buckets.indices where buckets[number].contacts.contains(where: \.isBad) {
            buckets[number].contacts.removeAll(where: \.isBad)
        }
    }

    mutating func markRefreshed(_ number: Int, at now: Instant) {
        guard buckets.indices.contains(number) else { return }
        buckets[number].lastChanged = now
    }

    // MARK: Asking

    var count: Int { buckets.reduce(0) { $0 + $1.contacts.count } }

    var contacts: [ReferenceContact] { buckets.flatMap(\.contacts) }

    /// The closest contacts that are not bad, closest first.
    func closest(
        to place: some Identifier160, count: Int, excluding excluded: NodeID? = nil
    ) -> [ReferenceContact] {
        let shared = (place.bits ^ ownID.bits).leadingZeroBitCount
        let own = min(shared, buckets.count - 1)
        var found: [ReferenceContact] = []
        // All nodes of one group are closer to the place than any node of the next.
        for group in [own..<own + 1, own + 1..<buckets.count] + (0..<own).reversed().map({ $0..<$0 + 1 }) {
            guard found.count < count else { break }
            let contacts = group.flatMap { buckets[$0].contacts }
                .filter { !$0.isBad && $0.id != excluded }
                .sorted { Distance($0.id, place) < Distance($1.id, place) }
            found += contacts.prefix(count - found.count)
        }
        return found
    }

    /// The length of a bucket's prefix in bits.
    func prefixLength(ofBucket number: Int) -> Int { min(number + 1, buckets.count - 1) }

    private func bucketNumber(of id: NodeID) -> Int {
        min((id.bits ^ ownID.bits).leadingZeroBitCount, buckets.count - 1)
    }
}
