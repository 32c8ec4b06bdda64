internal import IPv8
internal import Kademlia
internal import Maintenance

/// What a node learns about others by their behaviour.
extension Node {
    /// How long a change of the contacts waits for others before they are remembered.
    private static let snapshotDelay: Duration = .seconds(1)

    /// A node asked us something. A contact is alive by that; anybody else has to answer first, since the address that
    /// a request comes from can be forged.
    ///
    /// - Parameter knownAddress: where the contact with the node's id is, if there is one.
    mutating func noteQuery(
        from sender: NodeInfo, _ id: NodeID, knownAt knownAddress: Address?, at now: Instant,
        into effects: inout [Effect]
    ) {
        let family = sender.address.family
        guard let knownAddress else {
            guard families[family]?.table.hasRoom(for: id, at: sender.address.host) == true else { return }
            return probe(sender, id, at: now, into: &effects)
        }
        families[family]?.table.recordQuery(from: id, at: now)
        if knownAddress != sender.address { probe(sender, id, at: now, into: &effects) }
    }

    /// Asks a node for a sign of life, if there is a place for it among those that are asked.
    mutating func probe(_ node: NodeInfo, _ id: NodeID, at now: Instant, into effects: inout [Effect]) {
        guard !trackers.contains(node.address),
            probes.begin(id, at: node.address.host, now: now, using: &generator)
        else { return }
        ping(node, at: now, into: &effects)
    }

    /// A node answered us. Under a number that nobody can guess, that is the one way to become a contact, and to stay one.
    /// Trackers answer too, but they are no nodes.
    mutating func noteAnswer(
        from sender: NodeInfo, to kind: Request.Kind, after roundTrip: Duration, at now: Instant,
        into effects: inout [Effect]
    ) {
        ownRecord.answered(sender)
        registry.noteSign(of: sender, at: now)
        guard !trackers.contains(sender.address) else { return }
        guard kind.provesAddress else {
            let id = NodeID(host: sender.address.host, mid: sender.publicKey.mid)
            let knownAddress = families[sender.address.family]?.table.address(of: id)
            return noteQuery(from: sender, id, knownAt: knownAddress, at: now, into: &effects)
        }
        var contact = Contact(sender, answeredAt: now)
        contact.roundTrip = roundTrip
        probes.end(contact.id)
        defer { noteProof(of: sender, at: now) }
        let knownAddress = families[sender.address.family]?.table.address(of: contact.id)
        let insertion = families[sender.address.family]?.table.insert(contact)
        if insertion == .updated, knownAddress != sender.address { noteChangedContacts(at: now) }
        guard insertion == .added else { return }
        lostContacts.remove(contact.id)
        noteChangedContacts(at: now)
        effects.append(.emit(.contactAdded(sender)))
    }

    /// Has the contacts remembered soon; together with whatever changes until then.
    private mutating func noteChangedContacts(at now: Instant) {
        guard !contactsChanged else { return }
        contactsChanged = true
        schedule.plan(.contactSnapshot, at: now + Node.snapshotDelay)
    }

    /// A node did not answer us. A contact is asked once more at once: either it is back, or it is given up soon.
    mutating func noteSilence(
        of node: NodeInfo, askedAt: Instant, at now: Instant, into effects: inout [Effect]
    ) {
        ownRecord.failed(node)
        let id = NodeID(host: node.address.host, mid: node.publicKey.mid)
        // Somebody may have named a contact's key at a port where it is not. That silence is not the contact's.
        guard families[node.address.family]?.table.address(of: id) ?? node.address == node.address else {
            return
        }
        switch families[node.address.family]?.table.recordFailure(of: id, askedAt: askedAt, at: now) {
        case .counted?: ping(node, at: now, into: &effects)
        case .evicted(let lost, let replacement)?: giveUp(lost, replacement, at: now, into: &effects)
        case .known?, .unknown?, nil: return
        }
    }

    private mutating func giveUp(
        _ lost: Contact, _ replacement: Contact?, at now: Instant, into effects: inout [Effect]
    ) {
        noteChangedContacts(at: now)
        effects.append(.emit(.contactLost(lost.node)))
        lostContacts.add(lost)
        // Whoever has lost everybody has to get to know the neighbours anew.
        if let table = families[lost.node.address.family]?.table, table.count == 0 { ownIDsSought.remove(table.ownID) }
        if let replacement {
            effects.append(.emit(.contactAdded(replacement.node)))
            ping(replacement.node, at: now, into: &effects)
        }
    }
}
