internal import IPv8
internal import Kademlia
internal import Maintenance

/// Keeps the node in the overlay: secrets, walk, contacts, buckets.
extension Node {
    /// How often quiet contacts are pinged at most, those that have become quiet meanwhile together.
    private static let pingRoundsInterval: Duration = .milliseconds(2500)
    /// How long a bucket may stay unchanged before it is looked through.
    private static let unchangedMax: Duration = .seconds(15 * 60)
    /// How many lost contacts are asked at each step of the walk.
    private static let returningAtOnce = 16
    /// How often a contact is asked where it sees us, however many contacts there are.
    private static let addressInterval: Duration = .seconds(60)
    /// How often configured peers are walked to while there are few contacts.
    private static let peersInterval: Duration = .seconds(5)
    /// How often each contact is asked for an introduction, on average.
    private static let contactWalkInterval: Duration = .seconds(5)
    /// How often trackers may be asked.
    static let trackersInterval: Duration = .seconds(30)
    /// How often one of them is asked while there are contacts, but few.
    private static let trackerInterval: Duration = .seconds(300)
    /// How long those who are remembered or were given have to answer before trackers are asked.
    static let trackersWait: Duration = .seconds(5)

    mutating func runDueJobs(at now: Instant, into effects: inout [Effect]) {
        for job in schedule.takeDue(at: now) {
            schedule.plan(job, at: now + job.interval)
            let countBefore = effects.count
            run(job, at: now, into: &effects)
            if job == .republish, upkeep.isBusy { planUpkeepSoon(at: now) }
            guard effects.count > countBefore else { continue }
            let sentCount = effects[countBefore...].count { if case .send = $0 { true } else { false } }
            jobs.note(job, sent: sentCount, at: now)
        }
    }

    private mutating func run(_ job: Job, at now: Instant, into effects: inout [Effect]) {
        switch job {
        case .tokenRotation: if mint.needsSecret(at: now) { effects.append(.drawTokenSecret) }
        case .walk: takeStep(at: now, into: &effects)
        case .keepAlive: pingQuietContacts(at: now, into: &effects)
        case .bucketRefresh: refreshBuckets(at: now, into: &effects)
        case .ownRecord: keepOwnRecord(at: now, into: &effects)
        case .contactSnapshot: saveContacts(into: &effects)
        case .republish: republish(at: now, into: &effects)
        case .jobSnapshot: effects.append(.saveJobs(jobReports))
        }
    }

    // MARK: Walk

    private mutating func takeStep(at now: Instant, into effects: inout [Effect]) {
        askForAddress(at: now, into: &effects)
        // Each family has a table to fill, however full the other's is.
        let lacking = families.present.filter { contactCount(in: $0) < Walker.contactsWanted }
        guard !lacking.isEmpty else { return }
        schedule.plan(.walk, at: now + Walker.stepInterval)
        askReturning(of: lacking, at: now, into: &effects)
        if now - peersWalkedAt >= Node.peersInterval {
            peersWalkedAt = now
            for address in peers where lacking.contains(address.family) && !isContact(at: address) {
                walk(to: address, at: now, into: &effects)
            }
        }
        let isAlone = contactCount == 0
        walkToTrackers(of: lacking, isAlone: isAlone, at: now, into: &effects)
        if isAlone { callLocally(at: now, into: &effects) }
        // One step in five asks a contact for an introduction even while there are addresses to try. Where there are none,
        // contacts are asked in turn, each every so often: in a small network all have been introduced before long.
        let prefersContact = UInt8.random(in: 0..<5, using: &generator) == 0
        if !prefersContact || isAlone, let address = walker.take(of: lacking, at: now, using: &generator) {
            if !isContact(at: address) { walk(to: address, at: now, into: &effects) }
        } else {
            walkToContact(of: lacking, at: now, into: &effects)
        }
    }

    /// Asks all trackers while nobody is known, and one now and then while there are few contacts: a few peers may be
    /// all that they know of, and a few of somebody's may be all that they tell of.
    private mutating func walkToTrackers(
        of lacking: [AddressFamily], isAlone: Bool, at now: Instant, into effects: inout [Effect]
    ) {
        guard now - trackersWalkedAt >= (isAlone ? Node.trackersInterval : Node.trackerInterval) else { return }
        let askable = isAlone ? trackers : trackers.filter { lacking.contains($0.family) }
        guard let one = askable.randomElement(using: &generator) else { return }
        trackersWalkedAt = now
        for address in isAlone ? askable : [one] { walk(to: address, at: now, into: &effects) }
    }

    /// Asks some of those who were contacts whether they are there again.
    private mutating func askReturning(of lacking: [AddressFamily], at now: Instant, into effects: inout [Effect]) {
        if returning.isEmpty {
            returning = lostContacts.takeDue(at: now).filter { lacking.contains($0.address.family) }
        }
        for _ in 0..<min(Node.returningAtOnce, returning.count) {
            ping(returning.removeLast(), at: now, into: &effects)
        }
    }

    /// Asks a contact for an introduction, if it is time: one of the families that lack contacts or, where those have none
    /// at all, any. With sockets of both families a peer may introduce us to one of the other.
    private mutating func walkToContact(of lacking: [AddressFamily], at now: Instant, into effects: inout [Effect]) {
        let askable = lacking.filter { contactCount(in: $0) > 0 }
        let count = askable.reduce(0) { $0 + contactCount(in: $1) }
        guard now - contactWalkedAt >= Node.contactWalkInterval / max(1, count),
            let family = (askable.isEmpty ? families.present : askable).randomElement(using: &generator),
            let contact = families[family]?.table.contacts.randomElement(using: &generator)
        else { return }
        contactWalkedAt = now
        walk(to: contact.node.address, of: contact.node.publicKey, at: now, into: &effects)
    }

    /// Our outside address may change at any time; only an introduction tells.
    private mutating func askForAddress(at now: Instant, into effects: inout [Effect]) {
        guard now - addressAskedAt >= Node.addressInterval else { return }
        for family in families.present {
            guard let contact = families[family]?.table.contacts.randomElement(using: &generator) else { continue }
            addressAskedAt = now
            walk(to: contact.node.address, of: contact.node.publicKey, at: now, into: &effects)
        }
    }

    /// How many contacts there are, in all families.
    var contactCount: Int { families.present.reduce(0) { $0 + contactCount(in: $1) } }

    private func contactCount(in family: AddressFamily) -> Int { families[family]?.table.count ?? 0 }

    private func isContact(at address: Address) -> Bool {
        families[address.family]?.table.contact(at: address) != nil
    }

    // MARK: Contacts and buckets

    /// Pings whoever has been quiet for too long, and comes again when the next one will have been.
    private mutating func pingQuietContacts(at now: Instant, into effects: inout [Effect]) {
        // Whoever becomes a contact meanwhile has just answered, and is not due before then.
        var next = now + Contact.quietMax
        for family in families.present {
            guard let (due, nextDue) = families[family]?.table.takePingsDue(at: now) else { continue }
            next = min(next, nextDue)
            for node in due { ping(node, at: now, into: &effects) }
        }
        schedule.plan(.keepAlive, at: max(next, now + Node.pingRoundsInterval))
    }

    private mutating func refreshBuckets(at now: Instant, into effects: inout [Effect]) {
        for family in families.present {
            lookUpOwnID(in: family, at: now, into: &effects)
            for number in families[family]?.table.bucketsUnchanged(for: Node.unchangedMax, at: now) ?? [] {
                guard let target = families[family]?.table.randomTarget(inBucket: number, using: &generator),
                    let lookup = startLookup(.refresh, for: target, at: now, into: &effects)
                else { return }
                families[family]?.table.markRefreshed(number, at: now)
                advance(lookup, at: now, into: &effects)
            }
        }
    }

    /// Makes the neighbours known to us, and us to them, once there is a contact to begin with.
    private mutating func lookUpOwnID(in family: AddressFamily, at now: Instant, into effects: inout [Effect]) {
        guard let table = families[family]?.table, table.count > 0, !ownIDsSought.contains(table.ownID),
            let lookup = startLookup(.refresh, for: Target(bits: table.ownID.bits), at: now, into: &effects)
        else { return }
        ownIDsSought = ownIDsSought.filter { id in families.present.contains { families[$0]?.table.ownID == id } }
        ownIDsSought.insert(table.ownID)
        // Then the rest of the key space, so that the table is good before anything leans on it.
        families[family]?.table.markStale()
        advance(lookup, at: now, into: &effects)
    }

    private mutating func saveContacts(into effects: inout [Effect]) {
        guard contactsChanged else { return }
        contactsChanged = false
        effects.append(.saveContacts(contactsToRemember, buckets: bucketReports))
    }
}
