public import IPv8

/// The known nodes, sorted by the number of leading bits that their id shares with our own.
///
/// Bucket i contains the nodes that share exactly i bits; the last bucket contains all that share at least as many bits
/// as its number. Only the last bucket is ever split, because our own id lies in it. So a table knows its own
/// neighbourhood well, and a few nodes of every other part of the key space.
///
/// A node enters only after it has answered. A good contact never has to leave for another: a newcomer to a full bucket
/// waits among its replacements until a contact has failed twice in a row. No network prefix has more than its share of
/// a bucket and of the table, so the owner of one network cannot fill either.
public struct RoutingTable: Sendable {
    /// Our own position in the key space.
    public let ownID: NodeID
    /// The buckets, the farthest half of the key space first.
    public private(set) var buckets: [Bucket]
    /// Whether loopback and private networks are limited too.
    private let limitsLocal: Bool

    /// How many contacts of one network prefix a bucket takes, loopback and private ones excepted.
    public static let contactsPerPrefixInBucketMax = 2
    /// How many contacts of one network prefix the table takes, loopback and private ones excepted.
    public static let contactsPerPrefixMax = 10

    /// An empty table.
    ///
    /// - Parameter limitsLocal: whether loopback and private networks are limited like all others.
    public init(ownID: NodeID, createdAt now: Instant, limitsLocal: Bool = false) {
        self.ownID = ownID
        self.limitsLocal = limitsLocal
        buckets = [Bucket(createdAt: now)]
    }

    // MARK: Changing

    /// The result of adding a node that answered.
    public enum Insertion: Hashable, Sendable {
        /// It is a contact now.
        case added
        case updated
        /// Its bucket is full; it waits as a replacement.
        case waiting
        /// Its network already has its share of contacts.
        case crowded
        /// It has our own id.
        case refused
    }

    /// Adds or updates a node that has just answered.
    @discardableResult
    public mutating func insert(_ contact: Contact) -> Insertion {
        guard contact.id != ownID else { return .refused }
        while true {
            let number = bucketNumber(of: contact.id)
            if let index = buckets[number].index(of: contact.id) {
                refresh(number, index, with: contact)
                return .updated
            }
            if isCrowded(contact.node.address.host, in: number) { return .crowded }
            if !buckets[number].isFull {
                buckets[number].put(contact)
                buckets[number].lastChanged = contact.lastResponse
                return .added
            }
            guard number == buckets.count - 1, buckets.count < Bits160.bitCount else {
                buckets[number].addReplacement(contact)
                return .waiting
            }
            splitLastBucket()
        }
    }

    /// Whether a network has its share of a bucket or of the table. Replacements of the bucket count too.
    private func isCrowded(_ host: IPAddress, in number: Int) -> Bool {
        let prefix = NetworkPrefix(host, limitingLocal: limitsLocal)
        guard !prefix.isExempt else { return false }
        let inBucket = buckets[number].contactCount(of: prefix) + buckets[number].replacementCount(of: prefix)
        return inBucket >= RoutingTable.contactsPerPrefixInBucketMax || hasItsShare(prefix)
    }

    /// Whether a limited network has its share of the table.
    private func hasItsShare(_ prefix: NetworkPrefix) -> Bool {
        var inTable = 0
        for index in buckets.indices { inTable += buckets[index].contactCount(of: prefix) }
        return inTable >= RoutingTable.contactsPerPrefixMax
    }

    private mutating func refresh(_ number: Int, _ index: Int, with contact: Contact) {
        let known = buckets[number].contacts[index]
        var updated = contact
        updated.lastQuery = contact.lastQuery ?? known.lastQuery
        updated.roundTrip = contact.roundTrip ?? known.roundTrip
        updated.lastPing = contact.lastPing ?? known.lastPing
        buckets[number].put(updated, at: index)
    }

    /// Splits the bucket that our own id lies in by one more bit.
    private mutating func splitLastBucket() {
        let last = buckets.count - 1
        let whole = buckets[last]
        var near = Bucket(createdAt: whole.lastChanged)
        let isNear = { [ownID] (contact: Contact) in
            (contact.id.bits ^ ownID.bits).leadingZeroBitCount > last
        }
        near.contacts = whole.contacts.filter(isNear)
        near.replacements = whole.replacements.filter(isNear)
        buckets[last].contacts.removeAll(where: isNear)
        buckets[last].replacements.removeAll(where: isNear)
        buckets.append(near)
    }

    /// Records that a contact sent us a request. Does nothing for a node that is not a contact.
    public mutating func recordQuery(from id: NodeID, at now: Instant) {
        let number = bucketNumber(of: id)
        guard let index = buckets[number].index(of: id) else { return }
        buckets[number].contacts[index].lastQuery = now
    }

    /// The result of an unanswered request.
    public enum Failure: Hashable, Sendable {
        /// The contact has another chance.
        case counted
        /// The request was sent before the contact's last failure was known, so the silence says nothing new.
        case known
        /// The contact is gone. A replacement has its place, if there was one.
        case evicted(Contact, replacement: Contact?)
        /// The node was not a contact.
        case unknown
    }

    /// Records an unanswered request. After the second one in a row the contact is dropped. Requests that were on their
    /// way together can be lost together, so a silence counts only if the request was sent after the previous silence
    /// was known.
    public mutating func recordFailure(of id: NodeID, askedAt: Instant, at now: Instant) -> Failure {
        let number = bucketNumber(of: id)
        guard let index = buckets[number].index(of: id) else {
            buckets[number].replacements.removeAll { $0.id == id }
            return .unknown
        }
        if let known = buckets[number].contacts[index].lastFailure, askedAt < known { return .known }
        buckets[number].contacts[index].failures += 1
        buckets[number].contacts[index].lastFailure = now
        let contact = buckets[number].contacts[index]
        guard contact.failures >= Contact.failuresMax else { return .counted }
        buckets[number].contacts.remove(at: index)
        return .evicted(contact, replacement: promoteReplacement(in: number))
    }

    /// Gives a free place in a bucket to the latest replacement whose network does not have its share by now: other
    /// nodes of its network may have been added elsewhere while it waited.
    private mutating func promoteReplacement(in number: Int) -> Contact? {
        let index = buckets[number].replacements.lastIndex { waiting in
            let prefix = NetworkPrefix(waiting.node.address.host, limitingLocal: limitsLocal)
            return prefix.isExempt
                || buckets[number].contactCount(of: prefix) < RoutingTable.contactsPerPrefixInBucketMax
                    && !hasItsShare(prefix)
        }
        guard let index else { return nil }
        let replacement = buckets[number].promote(at: index)
        buckets[number].lastChanged = max(buckets[number].lastChanged, replacement.lastResponse)
        return replacement
    }

    /// The contacts that need to be asked for a sign of life, which counts as done, and the earliest time at which the
    /// next one may need it.
    public mutating func takePingsDue(at now: Instant) -> (nodes: [NodeInfo], next: Instant) {
        var due: [NodeInfo] = []
        var next = now + Contact.quietMax
        for number in buckets.indices {
            if buckets[number].pingDueMin <= now { due += buckets[number].takePingsDue(at: now) }
            next = min(next, buckets[number].pingDueMin)
        }
        return (due, next)
    }

    /// Counts a bucket as refreshed, whatever the lookup found.
    public mutating func markRefreshed(_ number: Int, at now: Instant) {
        guard buckets.indices.contains(number) else { return }
        buckets[number].lastChanged = now
    }

    /// Marks every bucket as unchanged for long.
    public mutating func markStale() {
        for number in buckets.indices { buckets[number].lastChanged = .distantPast }
    }

    // MARK: Asking

    /// How many contacts there are.
    public var count: Int { buckets.reduce(0) { $0 + $1.contacts.count } }

    /// All contacts, bucket by bucket.
    public var contacts: [Contact] { buckets.flatMap(\.contacts) }

    // By index, because looping over contacts copies each one with everything that it refers to.

    public func contact(_ id: NodeID) -> Contact? {
        let number = bucketNumber(of: id)
        return buckets[number].index(of: id).map { buckets[number].contacts[$0] }
    }

    /// The place of the contact with an id; `nil` if there is none.
    public func address(of id: NodeID) -> Address? {
        let number = bucketNumber(of: id)
        return buckets[number].index(of: id).map { buckets[number].contacts[$0].node.address }
    }

    /// The contact at an address; `nil` if there is none.
    public func contact(at address: Address) -> Contact? {
        for number in buckets.indices {
            for index in buckets[number].contacts.indices
            where buckets[number].contacts[index].node.address == address {
                return buckets[number].contacts[index]
            }
        }
        return nil
    }

    /// Whether a node that is not a contact could become one, or wait for a place.
    public func hasRoom(for id: NodeID, at host: IPAddress) -> Bool {
        let number = bucketNumber(of: id)
        // It is cheaper to check whether the bucket has room than whether the network has its share.
        if buckets[number].isFull, number < buckets.count - 1 {
            guard buckets[number].replacements.count < Bucket.sizeMax,
                !buckets[number].replacements.contains(where: { $0.id == id })
            else { return false }
        }
        return !isCrowded(host, in: number)
    }

    /// The contacts closest to a place in the key space, closest first, without bad ones.
    ///
    /// - Parameter excluded: an id to leave out, such as the requester's own.
    public func closest(
        to place: some Identifier160, count: Int, at now: Instant, excluding excluded: NodeID? = nil
    ) -> [Contact] {
        let place = place.bits
        var found: [Contact] = []
        // Everything in a group of buckets is closer to the place than anything in the next group.
        for group in bucketGroups(from: place) where found.count < count {
            // Positions are sorted instead of contacts, because a contact is large.
            var positions: [(distance: Bits160, bucket: Int, index: Int)] = []
            for number in group {
                for (index, contact) in buckets[number].contacts.enumerated()
                where contact.id != excluded && contact.status(at: now) != .bad {
                    positions.append((contact.id.bits ^ place, number, index))
                }
            }
            positions.sort { $0.distance < $1.distance }
            for position in positions.prefix(count - found.count) {
                found.append(buckets[position.bucket].contacts[position.index])
            }
        }
        return found
    }

    /// The contacts that start a lookup: those closest to a place, closest first, but of each network only its share
    /// while there are others. Otherwise a lookup might only ever hear of a few networks around us.
    public func seeds(for place: some Identifier160, count: Int, at now: Instant) -> [Contact] {
        let closest = closest(to: place, count: self.count, at: now)
        return Array(
            PrefixShare.crowdedLast(closest, limitingLocal: limitsLocal) { $0.node.address.host }.prefix(count))
    }

    /// The number of contacts that are closer to a place in the key space than we are, without bad ones. Of each
    /// network only its share counts.
    public func closerCount(to place: some Identifier160, at now: Instant) -> Int {
        let place = place.bits
        let own = ownID.bits ^ place
        var share = PrefixShare(limitingLocal: limitsLocal)
        return buckets.reduce(0) { count, bucket in
            count
                + bucket.contacts.count {
                    $0.id.bits ^ place < own && $0.status(at: now) != .bad && share.admits($0.node.address.host)
                }
        }
    }

    /// The numbers of the buckets in order of distance from a place: the bucket of the place, then all buckets nearer
    /// to us together, then the farther ones one by one.
    private func bucketGroups(from place: Bits160) -> [Range<Int>] {
        let shared = (place ^ ownID.bits).leadingZeroBitCount
        let own = min(shared, buckets.count - 1)
        let farther = (0..<own).reversed().map { $0..<$0 + 1 }
        return [own..<own + 1, own + 1..<buckets.count] + farther
    }

    /// The numbers of the buckets that have not changed for a while.
    public func bucketsUnchanged(for duration: Duration, at now: Instant) -> [Int] {
        buckets.indices.filter { now - buckets[$0].lastChanged > duration }
    }

    /// The leading bits that every id in a bucket shares, as `0` and `1`.
    public func prefix(ofBucket number: Int) -> String {
        let isLast = number == buckets.count - 1
        let shared = (0..<number).map { ownID.bits[bit: $0] }
        let bits = isLast ? shared : shared + [!ownID.bits[bit: number]]
        return bits.map { $0 ? "1" : "0" }.joined()
    }

    /// A random place in a bucket's part of the key space.
    public func randomTarget(
        inBucket number: Int, using generator: inout some RandomNumberGenerator
    ) -> Target {
        var bits = Bits160(
            high: .random(in: 0...(.max), using: &generator), middle: .random(in: 0...(.max), using: &generator),
            low: .random(in: 0...(.max), using: &generator))
        for position in 0..<number { bits[bit: position] = ownID.bits[bit: position] }
        if number < buckets.count - 1 { bits[bit: number] = !ownID.bits[bit: number] }
        return Target(bits: bits)
    }

    private func bucketNumber(of id: some Identifier160) -> Int {
        min((id.bits ^ ownID.bits).leadingZeroBitCount, buckets.count - 1)
    }
}
