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
