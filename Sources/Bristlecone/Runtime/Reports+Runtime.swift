internal import Archive
internal import DHTCore
internal import IPv8
internal import Kademlia

/// What the parts of a running node say, put into the words of its reports.

extension NodeStatus.Endpoint {
    init(_ endpoint: EndpointSnapshot, at now: Instant) {
        self.init(
            listen: endpoint.listenAddress, external: endpoint.externalAddress, nodeID: endpoint.nodeID,
            contacts: endpoint.contacts.count,
            goodContacts: endpoint.contacts.count { $0.status(at: now) == .good }, buckets: endpoint.bucketCount)
    }
}

extension NodeStatus.Contact {
    static func all(of snapshot: NodeSnapshot) -> [NodeStatus.Contact] {
        snapshot.endpoints.flatMap(\.contacts).map {
            NodeStatus.Contact($0, at: snapshot.now, plus: snapshot.clockOffset)
        }
    }

    private init(_ contact: Kademlia.Contact, at now: Instant, plus clockOffset: Duration) {
        self.init(
            address: contact.node.address, mid: contact.node.publicKey.mid, nodeID: contact.id,
            standing: Standing(contact.status(at: now)), lastResponse: contact.lastResponse + clockOffset,
            failures: contact.failures)
    }
}

extension NodeStatus.Contact.Standing {
    init(_ status: Kademlia.Contact.Status) {
        switch status {
        case .good: self = .good
        case .unknown: self = .unknown
        case .bad: self = .bad
        }
    }
}

extension NodeStatus.Storage {
    /// What an archive says of itself; zeros where it cannot be read.
    init(_ archive: Archive) {
        let statistics = try? archive.statistics()
        self.init(
            values: statistics?.values ?? 0, keys: statistics?.keys ?? 0, liveBytes: statistics?.liveBytes ?? 0,
            mapBytes: statistics?.mapBytes ?? 0, journalLast: Int(clamping: statistics?.journalLast ?? 0),
            indexLast: Int(clamping: statistics?.indexLast ?? 0))
    }
}
