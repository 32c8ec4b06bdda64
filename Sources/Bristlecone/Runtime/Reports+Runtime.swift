internal import Archive
internal import DHTCore
internal import Glibc
internal import IPv8
internal import Kademlia
internal import NIOCore

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

extension StartError {
    /// A socket could not be bound.
    init(listeningOn address: Address, failed error: any Error) {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: self = .addressInUse(address)
        case EADDRNOTAVAIL:
            self.init("This machine does not have the address \(address.host); choose one of its own with --listen.")
        case EACCES:
            self.init("Port \(address.port) is kept for the system; choose one above 1023 with --listen.")
        case EAFNOSUPPORT:
            self.init("This machine does not do \(address.family.rawValue); leave \(address) out of --listen.")
        default:
            self.init("The node cannot listen on \(address): \(error); choose another address with --listen.")
        }
    }
}

extension NodeError {
    /// The archive would not take a value.
    init(_ outcome: CommitOutcome) {
        switch outcome {
        case .refused:
            self.init(
                "The archive takes no more values here: archive.size_limit, archive.disk_reserve or, for this key, "
                    + "archive.values_per_key is reached; bristlecone status counts which.", canRetry: true)
        case .superseded:
            self.init(
                "A later version of this value came in at the same moment, so this one was not stored; store it again if "
                    + "it is to replace that one.", canRetry: true)
        case .failed, .held:
            self.init("The archive could not write the value; the node's log says why.", canRetry: false)
        }
    }

    /// The last version of a signer under a key is the highest there is.
    static var noHigherVersion: NodeError {
        NodeError(
            "The last value of this signer under this key has version \(UInt32.max), the highest there is, so nothing can "
                + "replace it: use another key.", canRetry: false)
    }

    /// A command did not come to an end of its own.
    init(unfinished outcome: CommandOutcome?) {
        switch outcome {
        case .unreachable?:
            self.init(
                "This node has no socket that reaches that address: see what it listens on with: bristlecone status",
                canRetry: false)
        case nil where Task.isCancelled:
            self.init("This was cancelled before it was done; what has been sent is not taken back.", canRetry: true)
        case nil: self.init("The node is stopping; start it again and repeat.", canRetry: true)
        default: self.init("The node has too much to do at the moment; try again in a few seconds.", canRetry: true)
        }
    }
}
