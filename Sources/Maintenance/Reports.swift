public import IPv8

/// A recurring job of the node: when it is due, and how it went.
public struct JobReport: Hashable, Sendable {
    /// Its name, such as `bucket_refresh`.
    public var name: String
    /// When it is due next.
    public var due: Instant
    /// When it last had something to do; `nil` where it never had.
    public var lastRun: Instant?
    /// What that came to, in a few words.
    public var lastResult: String?
    /// What one run may use, in words.
    public var budget: String

    public init(name: String, due: Instant, lastRun: Instant?, lastResult: String?, budget: String) {
        self.name = name
        self.due = due
        self.lastRun = lastRun
        self.lastResult = lastResult
        self.budget = budget
    }
}

extension JobReport {
    package func moved(by offset: Duration) -> JobReport {
        JobReport(
            name: name, due: due + offset, lastRun: lastRun.map { $0 + offset }, lastResult: lastResult, budget: budget)
    }
}

/// A bucket of the routing table, for the record.
public struct BucketReport: Hashable, Sendable {
    /// The address family of its table.
    public var family: AddressFamily
    /// The leading bits that its ids share, as `0` and `1`.
    public var prefix: String
    public var contactCount: Int
    /// When a contact was last added, or the bucket was last refreshed.
    public var lastChanged: Instant

    public init(family: AddressFamily, prefix: String, contactCount: Int, lastChanged: Instant) {
        self.family = family
        self.prefix = prefix
        self.contactCount = contactCount
        self.lastChanged = lastChanged
    }
}

extension BucketReport {
    package func moved(by offset: Duration) -> BucketReport {
        BucketReport(family: family, prefix: prefix, contactCount: contactCount, lastChanged: lastChanged + offset)
    }
}
