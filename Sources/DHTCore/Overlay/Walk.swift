internal import IPv8
internal import Kademlia
internal import Maintenance

/// The random walk: looks for peers while there are few contacts.
struct Walk: Sendable {
    /// Addresses that somebody named.
    var addresses = Walker()
    /// Lost contacts that are about to be asked whether they are there again.
    var returning: [NodeInfo] = []
    fileprivate var peersAskedAt = Instant.distantPast
    fileprivate var contactAskedAt = Instant.distantPast
    fileprivate var trackersAskedAt = Instant.distantPast
    fileprivate var addressAskedAt = Instant.distantPast

    /// How long remembered contacts and configured peers have to answer before trackers are asked.
    private static let trackersWait: Duration = .seconds(5)

    init(knowsSomebody: Bool, at now: Instant) {
        if knowsSomebody { trackersAskedAt = now + Walk.trackersWait - Overlay.trackersInterval }
    }
}

extension Overlay {
    /// How many lost contacts are asked at each step of the walk.
    private static let returningAtOnce = 16
    /// How often a contact is asked where it sees us, however many contacts there are.
    private static let addressInterval: Duration = .seconds(60)
    /// How often configured peers are walked to while there are few contacts.
    private static let peersInterval: Duration = .seconds(5)
    /// How often each contact is asked for an introduction, on average.
    private static let contactInterval: Duration = .seconds(5)
    /// How often trackers may be asked.
    fileprivate static let trackersInterval: Duration = .seconds(30)
    /// How often one of them is asked while there are contacts, but few.
    private static let trackerInterval: Duration = .seconds(300)

    /// Asks an address for an introduction: whoever is there, or a contact that is known to be.
    mutating func walk(to address: Address, _ requests: inout Requests, _ turn: inout Turn) {
        let contact = turn.sockets.listenOnAllHosts(in: address.family) ? contact(at: address)?.publicKey : nil
        requests.submit(
            Request(.introduction(wan: wan(in: address)), at: address, knownContact: contact, for: .walk), &turn)
    }

    private func walk(to contact: NodeInfo, _ requests: inout Requests, _ turn: inout Turn) {
        requests.submit(Request(.introduction(wan: wan(in: contact.address)), to: contact, for: .walk), &turn)
    }

    /// What we call our address as others see it, in the family of an address.
    private func wan(in address: Address) -> Address { families[address.family]?.wan ?? .none }

    mutating func takeStep(_ requests: inout Requests, _ turn: inout Turn) {
        askForAddress(&requests, &turn)
        // Each family has a table to fill, however full the other's is.
        let lacking = families.present.filter { contactCount(in: $0) < Walker.contactsWanted }
        guard !lacking.isEmpty else { return }
        turn.schedule.plan(.walk, at: turn.now + Walker.stepInterval)
        askReturning(of: lacking, &requests, &turn)
        if turn.now - walk.peersAskedAt >= Overlay.peersInterval {
            walk.peersAskedAt = turn.now
            for address in peers where lacking.contains(address.family) && contact(at: address) == nil {
                walk(to: address, &requests, &turn)
            }
        }
        let isAlone = contactCount == 0
        walkToTrackers(of: lacking, isAlone: isAlone, &requests, &turn)
        if isAlone { callLocally(&turn) }
        // One step in five asks a contact for an introduction even while there are addresses to try. If there are none,
        // contacts are asked in turn, each every so often: in a small network all have been introduced before long.
        let prefersContact = UInt8.random(in: 0..<5, using: &turn.generator) == 0
        if !prefersContact || isAlone,
            let address = walk.addresses.take(of: lacking, at: turn.now, using: &turn.generator)
        {
            if contact(at: address) == nil { walk(to: address, &requests, &turn) }
        } else {
            walkToContact(of: lacking, &requests, &turn)
        }
    }

    /// Asks all trackers while nobody is known, and one now and then while there are few contacts: a few peers may be all
    /// that they know of, and a few of somebody's may be all that they tell of.
    private mutating func walkToTrackers(
        of lacking: [AddressFamily], isAlone: Bool, _ requests: inout Requests, _ turn: inout Turn
    ) {
        guard turn.now - walk.trackersAskedAt >= (isAlone ? Overlay.trackersInterval : Overlay.trackerInterval) else {
            return
        }
        let askable = isAlone ? trackers : trackers.filter { lacking.contains($0.family) }
        guard let one = askable.randomElement(using: &turn.generator) else { return }
        walk.trackersAskedAt = turn.now
        for address in isAlone ? askable : [one] { walk(to: address, &requests, &turn) }
    }

    /// Asks some lost contacts whether they are there again.
    private mutating func askReturning(of lacking: [AddressFamily], _ requests: inout Requests, _ turn: inout Turn) {
        if walk.returning.isEmpty {
            walk.returning = lostContacts.takeDue(at: turn.now).filter { lacking.contains($0.address.family) }
        }
        for _ in 0..<min(Overlay.returningAtOnce, walk.returning.count) {
            requests.ping(walk.returning.removeLast(), &turn)
        }
    }

    /// Asks a contact for an introduction, if it is time: one of the families that lack contacts or, if those have none at
    /// all, any. With sockets of both families a peer may introduce us to one of the other.
    private mutating func walkToContact(of lacking: [AddressFamily], _ requests: inout Requests, _ turn: inout Turn) {
        let askable = lacking.filter { contactCount(in: $0) > 0 }
        let count = askable.reduce(0) { $0 + contactCount(in: $1) }
        guard turn.now - walk.contactAskedAt >= Overlay.contactInterval / max(1, count),
            let family = (askable.isEmpty ? families.present : askable).randomElement(using: &turn.generator),
            let contact = families[family]?.table.contacts.randomElement(using: &turn.generator)
        else { return }
        walk.contactAskedAt = turn.now
        walk(to: contact.node, &requests, &turn)
    }

    /// Our outside address may change at any time; only an introduction tells.
    private mutating func askForAddress(_ requests: inout Requests, _ turn: inout Turn) {
        guard turn.now - walk.addressAskedAt >= Overlay.addressInterval else { return }
        for family in families.present {
            guard let contact = families[family]?.table.contacts.randomElement(using: &turn.generator) else {
                continue
            }
            walk.addressAskedAt = turn.now
            walk(to: contact.node, &requests, &turn)
        }
    }

    /// A peer that was asked for an introduction has not answered. If it is one that was given to join through, it may be
    /// there all the same, and have so many contacts that it leaves introductions to others.
    mutating func walkFailed(_ request: Request, _ requests: inout Requests, _ turn: inout Turn) {
        guard request.kind == .introduction, peers.contains(request.address) else { return }
        let contact = contact(at: request.address)?.publicKey
        requests.submit(Request(.ping, at: request.address, knownContact: contact, for: .walk), &turn)
    }
}

/// Finds the way into the overlay: addresses that others told us of, and that nobody has answered from yet.
struct Walker: Sendable {
    private var unvisited: [Address] = []
    private var visited: [Address: Instant] = [:]

    /// The walk goes on while there are fewer contacts than this, as in the reference.
    static let contactsWanted = 20
    /// The time from one step to the next.
    static let stepInterval: Duration = .milliseconds(500)
    /// How long an address that was walked to is left alone.
    static let revisitAfter: Duration = .seconds(60)
    private static let addressesMax = 256

    var unvisitedCount: Int { unvisited.count }
    var visitedCount: Int { visited.count }

    /// Hears of an address where somebody may be.
    mutating func heardOf(_ address: Address, at now: Instant) {
        guard address.isReachable, !unvisited.contains(address) else { return }
        if let last = visited[address], now - last < Walker.revisitAfter { return }
        if unvisited.count >= Walker.addressesMax { unvisited.removeFirst() }
        unvisited.append(address)
    }

    /// An address of these families to walk to, which is not unvisited any more; `nil` where there is none.
    mutating func take(
        of families: [AddressFamily], at now: Instant, using generator: inout RandomNumbers
    ) -> Address? {
        let indices = unvisited.indices.filter { families.contains(unvisited[$0].family) }
        guard let index = indices.randomElement(using: &generator) else { return nil }
        let address = unvisited.remove(at: index)
        visited = visited.filter { now - $0.value < Walker.revisitAfter }
        visited[address] = now
        return address
    }
}
