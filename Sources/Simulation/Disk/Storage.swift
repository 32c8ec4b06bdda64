package import DHTCore
package import IPv8
package import Kademlia
package import Maintenance

/// A machine's archive, which outlives its node, in the archive's time.
///
/// ``ModelArchive`` is a cheap implementation; worlds of a few nodes can use the real archive instead.
package protocol Storage: AnyObject {
    /// Makes changes durable, all or none. `nil` if the disk fails.
    func commit(_ changes: [StorageChange], at now: Instant) -> [CommitOutcome]?
    /// The served values of a target.
    func page(of target: Target, offset: Int, limit: Int, at now: Instant) -> [[UInt8]]
    func dueKeys(at now: Instant, limit: Int) -> DueKeys
    /// The values of these targets that need republishing.
    func republishable(_ targets: [Target], at now: Instant) -> [RepublishableTarget]
    /// Records the results of republishing.
    func note(_ report: RepublishResult, at now: Instant)
    /// Sweeps: removes expired values that are past their retention.
    func sweep(at now: Instant)
    /// The token secrets of the last run.
    var tokenSecrets: [TokenSecret] { get }
    /// The contacts of the last run.
    var contacts: [Contact] { get set }
    /// When the tasks of the last run were due.
    var jobs: [JobReport] { get set }
    /// The values of a target, expired or not, for checkers.
    func held(under target: Target) -> [HeldEntry]
    /// The machine has lost power: memory is empty.
    func powerLost()
}

/// A stored value.
package struct HeldEntry: Hashable, Sendable {
    package let entry: Entry
    package let expiresAt: Instant

    package init(entry: Entry, expiresAt: Instant) {
        self.entry = entry
        self.expiresAt = expiresAt
    }
}

/// The result of a sweep.
package struct Sweep: Hashable, Sendable {
    /// The archive's time.
    package let at: Instant
    /// The numbers of values that left the serving window and the archive.
    package let retiredCount: Int
    package let deletedCount: Int
}

/// A change that needs to be durable.
package enum StorageChange: Sendable {
    case store(StoreChange)
    /// Republished values.
    case refresh(RefreshChange)
    case tokenSecrets([TokenSecret])
    /// Everything under a target is pinned.
    case pin(Target)
    /// A value that was published here is withdrawn.
    case withdraw(Target, Entry)
}

/// How long values are served, and when they are republished.
package struct StorageTiming: Sendable {
    /// How long a value is served after it was stored.
    package var servedFor: Duration = .seconds(3600)
    /// How long after the last store a value is due.
    package var republishInterval: Duration = .seconds(2700)
    /// How much earlier it may be due.
    package var jitterMax: Duration = .seconds(450)
    /// How long after their origin other people's values are republished.
    package var lifetime: Duration = .seconds(3600)
    /// How long a value stays in the serving window after it has expired.
    package var graceAfterExpiry: Duration = .seconds(3600)
    /// How long other people's values are retained.
    package var retainedFor: Duration = .seconds(7 * 24 * 3600)
    /// A refresh that moves the expiry by less changes nothing.
    package var refreshWorthWriting: Duration = .seconds(60)
    /// How often the archive is swept.
    package var sweepInterval: Duration = .seconds(600)

    /// The timing of the public overlay.
    package init() {}

    /// Everything is faster by a factor.
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

/// A fault built into a machine, to test the checkers.
package enum Sabotage: String, Hashable, Sendable, CaseIterable {
    /// Acknowledges before the disk has synced.
    case acknowledgesEarly
    /// Loses the last synced group at a crash.
    case forgetsSyncs
    case servesExpired
    /// Accepts lower versions.
    case forgetsVersions
    /// Changes a byte of served values.
    case altersValues
    /// Republishes other people's values for as long as they come back.
    case keepsAliveForEver
    /// Republishes withdrawn values.
    case forgetsWithdrawals
    /// Removes expired values before their retention is over.
    case sweepsEarly
    /// Sends every request four times, whatever its peers accept.
    case ignoresLimits
    /// Accepts everybody who is named in an answer as a contact. Works with modelled signatures.
    case trustsHearsay
    /// Gives its pings 16-bit numbers. Works with modelled signatures.
    case narrowNumbers
    /// Handles everything in the order of arrival.
    case oneLane
    /// Accepts every signature.
    case trustsSignatures
}
