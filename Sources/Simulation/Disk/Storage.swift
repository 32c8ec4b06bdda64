package import DHTCore
package import IPv8
package import Kademlia

/// What a machine keeps beyond the life of its node, in the archive's time.
///
/// ``ModelArchive`` does this at little cost; the archive itself can stand in its place in worlds of a few nodes.
package protocol Storage: AnyObject {
    /// Makes changes durable, all or none of them. `nil` where the disk fails.
    func commit(_ changes: [StorageChange], at now: Instant) -> [CommitOutcome]?
    /// What the overlay is served under a target.
    func page(of target: Target, offset: Int, limit: Int, at now: Instant) -> [[UInt8]]
    /// What is to be stored again.
    func dueKeys(at now: Instant, limit: Int) -> DueKeys
    /// The values of these targets that are to be stored again.
    func republishable(_ targets: [Target], at now: Instant) -> [RepublishableTarget]
    /// Remembers how storing again went.
    func note(_ report: RepublishReport, at now: Instant)
    /// Lets go of what has expired and is kept no longer.
    func sweep(at now: Instant)
    /// The token secrets of the last run.
    var tokenSecrets: [TokenSecret] { get }
    /// The contacts of the last run.
    var contacts: [Contact] { get set }
    /// When the jobs of the last run were due.
    var jobs: [JobReport] { get set }
    /// What is held under a target, expired or not: for whoever checks.
    func held(under target: Target) -> [HeldEntry]
    /// The machine has lost its power: nothing is in memory any more.
    func powerLost()
}

/// A value as it is held.
package struct HeldEntry: Hashable, Sendable {
    /// The value.
    package let entry: Entry
    /// Until when it is served.
    package let expiresAt: Instant

    package init(entry: Entry, expiresAt: Instant) {
        self.entry = entry
        self.expiresAt = expiresAt
    }
}

/// What a sweep came to.
package struct Sweep: Hashable, Sendable {
    /// The archive's time.
    package let at: Instant
    /// How many values have left the serving window, and how many the archive.
    package let retiredCount: Int
    package let deletedCount: Int
}

/// Something to be made durable.
package enum StorageChange: Sendable {
    /// Entries of a store.
    case store(StoreIntent)
    /// Values that have been stored again.
    case refresh(RefreshIntent)
    case tokenSecrets([TokenSecret])
    /// Everything under a target is kept alive from now on.
    case pin(Target)
    /// A value that was published here is no longer kept alive.
    case withdraw(Target, Entry)
}
