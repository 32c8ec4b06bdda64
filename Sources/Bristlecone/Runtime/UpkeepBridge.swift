internal import Archive
internal import DHTCore
internal import IPv8
internal import Kademlia
internal import Maintenance

/// What archive and core say to each other about upkeep. The archive speaks in wall time, the core in its own, and `offset`
/// is what makes wall time of the core's.

extension RepublishResult {
    init(_ report: RepublishReport, offset: Duration) {
        let outcome: Outcome =
            switch report.outcome {
            case .stored: .stored
            case .unanswered: .unanswered
            case .othersCloser: .othersCloser
            }
        self.init(
            target: report.target, outcome: outcome,
            holders: report.holders.map { Replica(mid: $0.publicKey.mid, address: $0.address) },
            retryAt: report.retryAt.map { $0 + offset },
            sought: report.sought.map { Sought(answered: $0.answered, found: $0.found) })
    }
}

extension StoredBucket {
    init(_ report: BucketReport, offset: Duration) {
        self.init(
            family: report.family, prefix: report.prefix, contacts: report.contactCount,
            lastChanged: report.lastChanged + offset)
    }
}
