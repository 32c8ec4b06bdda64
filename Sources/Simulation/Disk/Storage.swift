package import DHTCore
package import IPv8
package import Kademlia

/// What a machine keeps beyond the life of its node, in the archive's time.
///
/// ``ModelArchive`` does this at little cost; the archive itself can stand in its place in worlds of a few nodes.
package protocol Storage: AnyObject {
    /// Makes changes durable, all or none of them. `nil` if the disk fails.
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

/// How long values are served, and when they are stored again.
package struct StorageTiming: Sendable {
    /// How long a value is served after it was stored.
    package var servedFor: Duration = .seconds(3600)
    /// How long after it was last stored a value is due.
    package var republishInterval: Duration = .seconds(2700)
    /// How much earlier it may be due.
    package var jitterMax: Duration = .seconds(450)
    /// How long after their origin the values of others are stored again.
    package var lifetime: Duration = .seconds(3600)
    /// How long a value stays in the serving window after it has expired.
    package var graceAfterExpiry: Duration = .seconds(3600)
    /// How long values of others are kept after they have expired.
    package var retainedFor: Duration = .seconds(7 * 24 * 3600)
    /// A refresh that moves the expiry by less changes nothing.
    package var refreshWorthWriting: Duration = .seconds(60)
    /// How often it is looked for what is kept no longer.
    package var sweepInterval: Duration = .seconds(600)

    /// The timing of the public overlay.
    package init() {}

    /// Everything so many times faster.
    package static func hastened(by factor: Int) -> StorageTiming {
        var timing = StorageTiming()
        timing.servedFor /= factor
        timing.republishInterval /= factor
        timing.jitterMax /= factor
        timing.lifetime /= factor
        timing.graceAfterExpiry /= factor
        timing.retainedFor /= factor
        timing.refreshWorthWriting /= factor
        timing.sweepInterval /= factor
        return timing
    }
}

/// Something that a machine does wrong on purpose, so that whoever is to notice it can be put to the test.
package enum Sabotage: String, Hashable, Sendable, CaseIterable {
    /// Acknowledges before the disk has synced.
    case acknowledgesEarly
    /// Forgets at a crash what it had synced last.
    case forgetsSyncs
    case servesExpired
    /// Takes lower versions.
    case forgetsVersions
    /// Changes a byte of what it serves.
    case altersValues
    /// Stores the values of others again for as long as they come back.
    case keepsAliveForEver
    /// Stores again what was published here and withdrawn.
    case forgetsWithdrawals
    /// Lets go of what has expired without keeping it for as long as it is to be.
    case sweepsEarly
    /// Sends every request four times, whatever its peers accept.
    case ignoresLimits
    /// Takes whoever is named in an answer for a contact. Works where signatures are modelled.
    case trustsHearsay
    /// Gives its pings numbers of 16 bits. Works where signatures are modelled.
    case narrowNumbers
    /// Does everything in the order in which it came.
    case oneLane
    /// Takes every signature for good.
    case trustsSignatures
}
