public import IPv8

/// The nodes that a node knows, sorted by how many leading bits of their id they share with its own.
///
/// Bucket number i holds the nodes that share exactly i bits; the last bucket holds all that share at least as many as
/// its number. Only the last one is ever split, since it is the one that the own id lies in: so a table knows its own
/// neighbourhood well and a few nodes of every other part of the key space.
///
/// A node enters only after it has answered. A good contact never has to leave for another: a newcomer to a full bucket
/// waits among its replacements until a contact has failed twice in a row. No network prefix has more than its share of
/// a bucket and of the table, so that whoever owns one network cannot fill either.
public struct RoutingTable: Sendable {
    /// Where the table's owner stands.
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

    /// What became of a node that answered.
    public enum Insertion: Hashable, Sendable {
        /// It is a contact from now on.
        case added
        case updated
        /// Its bucket is full; it waits there.
        case waiting
        /// Its network has its share of contacts already.
        case crowded
        /// It has our own id.
        case refused
    }

    /// Takes in a node that has just answered.
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

    /// Whether a network has its share of a bucket or of the table; who waits for a place in the bucket counts too.
    private func isCrowded(_ host: IPAddress, in number: Int) -> Bool {
        let prefix = NetworkPrefix(host, limitingLocal: limitsLocal)
        guard !prefix.isExempt else { return false }
        let inBucket = buckets[number].contactCount(of: prefix) + buckets[number].replacementCount(of: prefix)
        return inBucket >= RoutingTable.contactsPerPrefixInBucketMax || hasItsShare(prefix)
    }

    /// Whether a network that is limited has its share of the table.
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

    /// Parts the bucket that the own id lies in by one more bit.
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

    /// Notes that a contact asked us something; nothing for a node that is none.
    public mutating func recordQuery(from id: NodeID, at now: Instant) {
        let number = bucketNumber(of: id)
        guard let index = buckets[number].index(of: id) else { return }
        buckets[number].contacts[index].lastQuery = now
    }

    /// What became of a contact that left a request unanswered.
    public enum Failure: Hashable, Sendable {
        /// It has another chance.
        case counted
        /// It was asked before its last failure was known, so its silence says nothing new.
        case known
        /// It is gone, and what waited for its place, if anything did, has it.
        case evicted(Contact, replacement: Contact?)
        /// It was no contact.
        case unknown
    }

    /// Notes that a node left a request unanswered; the second time in a row, it goes. Requests that were on their way
    /// together can be lost together, so a silence counts only if the node was asked after the one before was known.
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

    /// Gives a free place in a bucket to the node heard of last whose network has not its share: others of its network
    /// may have come in elsewhere while it waited.
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

    /// The contacts that are to be asked for a sign of life, which counts as done, and the earliest time at which the next
    /// one may be.
    public mutating func takePingsDue(at now: Instant) -> (nodes: [NodeInfo], next: Instant) {
        var due: [NodeInfo] = []
        var next = now + Contact.quietMax
        for number in buckets.indices {
            if buckets[number].pingDueMin <= now { due += buckets[number].takePingsDue(at: now) }
            next = min(next, buckets[number].pingDueMin)
        }
        return (due, next)
    }

    /// Counts a bucket as looked through, whatever was found.
    public mutating func markRefreshed(_ number: Int, at now: Instant) {
        guard buckets.indices.contains(number) else { return }
        buckets[number].lastChanged = now
    }

    /// Has every bucket count as one that has not changed for long.
    public mutating func markStale() {
        for number in buckets.indices { buckets[number].lastChanged = .distantPast }
    }

    // MARK: Asking

    /// How many contacts there are.
    public var count: Int { buckets.reduce(0) { $0 + $1.contacts.count } }

    /// All contacts, bucket by bucket.
    public var contacts: [Contact] { buckets.flatMap(\.contacts) }

    // By index, since looping over contacts copies each with all that it refers to.

    public func contact(_ id: NodeID) -> Contact? {
        let number = bucketNumber(of: id)
        return buckets[number].index(of: id).map { buckets[number].contacts[$0] }
    }

    /// Where the contact with an id is; `nil` where it is none.
    public func address(of id: NodeID) -> Address? {
        let number = bucketNumber(of: id)
        return buckets[number].index(of: id).map { buckets[number].contacts[$0].node.address }
    }

    /// The contact at an address; `nil` where there is none.
    public func contact(at address: Address) -> Contact? {
        for number in buckets.indices {
            for index in buckets[number].contacts.indices
            where buckets[number].contacts[index].node.address == address {
                return buckets[number].contacts[index]
            }
        }
        return nil
    }

    /// Whether a node that is no contact yet would become one, or could wait for a place that is not taken.
    public func hasRoom(for id: NodeID, at host: IPAddress) -> Bool {
        let number = bucketNumber(of: id)
        // Whether the bucket has room is cheaper to tell than whether the network has.
        if buckets[number].isFull, number < buckets.count - 1 {
            guard buckets[number].replacements.count < Bucket.sizeMax,
                !buckets[number].replacements.contains(where: { $0.id == id })
            else { return false }
        }
        return !isCrowded(host, in: number)
    }

    /// The contacts closest to a place of the key space, closest first, without those that are bad.
    ///
    /// - Parameter excluded: an id to leave out, as the asker's own in an answer.
    public func closest(
        to place: some Identifier160, count: Int, at now: Instant, excluding excluded: NodeID? = nil
    ) -> [Contact] {
        let place = place.bits
        var found: [Contact] = []
        // Within a group of buckets everything is closer to the place than anything in the next group.
        for group in bucketGroups(from: place) where found.count < count {
            // Where they are is sorted in their place: a contact is large.
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

    /// Whom to begin a search with: the contacts closest to a place, closest first, but of each network only its share as
    /// long as there are others. Else a few networks around us could be all that a search ever hears of.
    public func seeds(for place: some Identifier160, count: Int, at now: Instant) -> [Contact] {
        let closest = closest(to: place, count: self.count, at: now)
        return Array(
            PrefixShare.crowdedLast(closest, limitingLocal: limitsLocal) { $0.node.address.host }.prefix(count))
    }

    /// How many contacts are closer to a place of the key space than the table's owner is, without those that are bad; of
    /// each network only its share counts.
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

    /// The numbers of the buckets in order of distance from a place: the one that the place lies in, then together all
    /// that are nearer to us, then one by one those that are farther.
    private func bucketGroups(from place: Bits160) -> [Range<Int>] {
        let shared = (place ^ ownID.bits).leadingZeroBitCount
        let own = min(shared, buckets.count - 1)
        let farther = (0..<own).reversed().map { $0..<$0 + 1 }
        return [own..<own + 1, own + 1..<buckets.count] + farther
    }

    /// The numbers of the buckets that have not changed for some time.
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

    /// A random place inside a bucket's part of the key space.
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
