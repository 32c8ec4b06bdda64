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
