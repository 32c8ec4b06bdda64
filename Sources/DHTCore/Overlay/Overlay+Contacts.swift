internal import IPv8
internal import Kademlia
internal import Maintenance

/// What the node learns about others by their behaviour.
extension Overlay {
    /// How long a change of the contacts waits for others before they are saved.
    private static let snapshotDelay: Duration = .seconds(1)

    /// A node asked us something. A contact is alive by that; anybody else has to answer first, because the address that a
    /// request comes from can be forged.
    ///
    /// - Parameter knownAddress: where the contact with the node's id is, if there is one.
    mutating func noteQuery(
        from sender: NodeInfo, knownAt knownAddress: Address?, _ requests: inout Requests, _ turn: inout Turn
    ) {
        let family = sender.address.family
        guard let knownAddress else {
            openPeers.note(sender, at: turn.now)
            guard families[family]?.table.hasRoom(for: sender.id, at: sender.address.host) == true else { return }
            return probe(sender, &requests, &turn)
        }
        families[family]?.table.recordQuery(from: sender.id, at: turn.now)
        if knownAddress != sender.address { probe(sender, &requests, &turn) }
    }

    /// Asks a node for a sign of life, if there is a place for it among those that are asked.
    mutating func probe(_ node: NodeInfo, _ requests: inout Requests, _ turn: inout Turn) {
        guard !trackers.contains(node.address),
            probes.begin(node.id, at: node.address.host, now: turn.now, using: &turn.generator)
        else { return }
        requests.ping(node, &turn)
    }

    /// A node answered us. Under a number that nobody can guess, that is the one way to become a contact, and to stay one.
    /// Trackers answer too, but they are no nodes.
    mutating func noteAnswer(
        from sender: NodeInfo, to kind: Request.Kind, after roundTrip: Duration, _ requests: inout Requests,
        _ turn: inout Turn
    ) {
        guard !trackers.contains(sender.address) else { return }
        guard kind.provesAddress else {
            return noteQuery(from: sender, knownAt: knownAddress(of: sender), &requests, &turn)
        }
        var contact = Contact(sender, answeredAt: turn.now)
        contact.roundTrip = roundTrip
        probes.end(contact.id)
        defer { noteProof(of: sender, at: turn.now) }
        let knownAddress = knownAddress(of: sender)
        let insertion = families[sender.address.family]?.table.insert(contact)
        if insertion == .updated, knownAddress != sender.address { noteChangedContacts(&turn) }
        if insertion == .waiting || insertion == .crowded { openPeers.note(sender, at: turn.now) }
        guard insertion == .added else { return }
        families[sender.address.family]?.hasHadContacts = true
        lostContacts.remove(contact.id)
        noteChangedContacts(&turn)
        turn.append(.emit(.contactAdded(sender)))
    }

    /// A node did not answer us. A contact is asked once more at once: either it is back, or it is given up soon.
    mutating func noteSilence(of node: NodeInfo, askedAt: Instant, _ requests: inout Requests, _ turn: inout Turn) {
        // Somebody may have named a contact's key at a port where it is not. That silence is not the contact's.
        guard knownAddress(of: node) ?? node.address == node.address else { return }
        switch families[node.address.family]?.table.recordFailure(of: node.id, askedAt: askedAt, at: turn.now) {
        case .counted?: requests.ping(node, &turn)
        case .evicted(let lost, let replacement)?: giveUp(lost, replacement, &requests, &turn)
        case .known?, .unknown?, nil: return
        }
    }

    private mutating func giveUp(
        _ lost: Contact, _ replacement: Contact?, _ requests: inout Requests, _ turn: inout Turn
    ) {
        noteChangedContacts(&turn)
        turn.append(.emit(.contactLost(lost.node)))
        lostContacts.add(lost)
        // Without any contact left, the neighbours have to be found anew.
        if let table = families[lost.node.address.family]?.table, table.count == 0 { ownIDsSought.remove(table.ownID) }
        if let replacement {
            turn.append(.emit(.contactAdded(replacement.node)))
            requests.ping(replacement.node, &turn)
        }
    }

    // MARK: Saved contacts

    /// Has the contacts saved soon, together with whatever changes until then.
    private mutating func noteChangedContacts(_ turn: inout Turn) {
        guard !contactsChanged else { return }
        contactsChanged = true
        turn.schedule.plan(.contactSnapshot, at: turn.now + Overlay.snapshotDelay)
    }

    mutating func saveContacts(_ turn: inout Turn) {
        guard contactsChanged else { return }
        contactsChanged = false
        turn.append(.saveContacts(contactsToRemember, buckets: bucketReports))
    }

    // MARK: Keep-alive

    /// How often quiet contacts are pinged at most, those that have become quiet meanwhile together.
    private static let pingRoundsInterval: Duration = .milliseconds(2500)

    /// Pings the contacts that have been quiet for too long, and comes again when the next one will have been.
    mutating func pingQuietContacts(_ requests: inout Requests, _ turn: inout Turn) {
        // A node that becomes a contact meanwhile has just answered, and is not due before then.
        var next = turn.now + Contact.quietMax
        for family in families.present {
            guard let (due, nextDue) = families[family]?.table.takePingsDue(at: turn.now) else { continue }
            next = min(next, nextDue)
            for node in due { requests.ping(node, &turn) }
        }
        turn.schedule.plan(.keepAlive, at: max(next, turn.now + Overlay.pingRoundsInterval))
    }
}
