internal import IPv8
internal import Kademlia
internal import Maintenance

/// Keeps the node in the overlay: secrets, walk, contacts, buckets.
extension Node {
    /// How long a contact may be quiet before it is asked for a sign of life (the reference's `PING_INTERVAL`).
    private static let quietMax: Duration = .seconds(25)
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
    /// How long those who are remembered or were given have to answer before trackers are asked.
    static let trackersWait: Duration = .seconds(5)

    mutating func runDueJobs(at now: Instant, into effects: inout [Effect]) {
        for job in schedule.takeDue(at: now) {
            let isCalm = job == .walk && contactCount >= Walker.contactsWanted
            schedule.plan(job, at: now + (isCalm ? Walker.calmInterval : job.interval))
            let countBefore = effects.count
            run(job, at: now, into: &effects)
            if job == .republish, upkeep.isBusy { schedule.plan(job, at: now + Upkeep.busyInterval) }
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
        guard contactCount < Walker.contactsWanted else { return }
        if returning.isEmpty { returning = lostContacts.takeDue(at: now) }
        for _ in 0..<min(Node.returningAtOnce, returning.count) {
            ping(returning.removeLast(), at: now, into: &effects)
        }
        if now - peersWalkedAt >= Node.peersInterval {
            peersWalkedAt = now
            for address in peers where !isContact(at: address) { walk(to: address, at: now, into: &effects) }
        }
        let isAlone = contactCount == 0
        if isAlone, now - trackersWalkedAt >= Node.trackersInterval, !trackers.isEmpty {
            trackersWalkedAt = now
            for address in trackers { walk(to: address, at: now, into: &effects) }
        }
        if isAlone { callLocally(at: now, into: &effects) }
        // One step in five asks a contact for an introduction even while there are addresses to try. Where there are none,
        // contacts are asked in turn, each every so often: in a small network all have been introduced before long.
        let prefersContact = UInt8.random(in: 0..<5, using: &generator) == 0
        if !prefersContact || isAlone, let address = walker.take(at: now, using: &generator) {
            if !isContact(at: address) { walk(to: address, at: now, into: &effects) }
        } else if now - contactWalkedAt >= Node.contactWalkInterval / max(1, contactCount),
            let family = families.present.randomElement(using: &generator),
            let contact = families[family]?.table.contacts.randomElement(using: &generator)
        {
            contactWalkedAt = now
            walk(to: contact.node.address, at: now, into: &effects)
        }
    }

    /// Our outside address may change at any time; only an introduction tells.
    private mutating func askForAddress(at now: Instant, into effects: inout [Effect]) {
        guard now - addressAskedAt >= Node.addressInterval else { return }
        for family in families.present {
            guard let contact = families[family]?.table.contacts.randomElement(using: &generator) else { continue }
            addressAskedAt = now
            walk(to: contact.node.address, at: now, into: &effects)
        }
    }

    /// How many contacts there are in all families.
    var contactCount: Int { families.present.reduce(0) { $0 + (families[$1]?.table.count ?? 0) } }

    private func isContact(at address: Address) -> Bool {
        families[address.family]?.table.contacts.contains { $0.node.address == address } ?? false
    }

    // MARK: Contacts and buckets

    private mutating func pingQuietContacts(at now: Instant, into effects: inout [Effect]) {
        guard now >= keepAliveDue else { return }
        keepAliveSentAt = keepAliveSentAt.filter { now - $0.value < Node.quietMax }
        // Who becomes a contact later has answered later.
        keepAliveDue = now + Node.quietMax
        for family in families.present {
            for bucket in families[family]?.table.buckets ?? [] {
                for contact in bucket.contacts {
                    let lastSign = max(contact.lastResponse, keepAliveSentAt[contact.id] ?? .distantPast)
                    guard now - lastSign >= Node.quietMax else {
                        keepAliveDue = min(keepAliveDue, lastSign + Node.quietMax)
                        continue
                    }
                    keepAliveSentAt[contact.id] = now
                    ping(contact.node, at: now, into: &effects)
                }
            }
        }
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
