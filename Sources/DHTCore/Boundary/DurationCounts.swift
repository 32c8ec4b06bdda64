internal import IPv8

/// How often something took how long: counts by upper bounds, for a histogram.
public struct DurationCounts: Hashable, Sendable {
    /// The upper bounds, in milliseconds: a request within a machine takes less than one, one that is given up five thousand.
    public static let boundsInMilliseconds = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]

    /// How many durations were up to each bound and above the one before; the last count is of those above all bounds.
    public private(set) var counts = [Int](repeating: 0, count: DurationCounts.boundsInMilliseconds.count + 1)
    /// All durations together.
    public private(set) var total = Duration.zero

    /// Starts without any duration.
    public init() {}

    mutating func add(_ duration: Duration) {
        let milliseconds = duration.nanoseconds / 1_000_000
        let isWhole = duration.nanoseconds % 1_000_000 == 0
        let bounds = DurationCounts.boundsInMilliseconds
        counts[bounds.firstIndex { milliseconds < $0 || milliseconds == $0 && isWhole } ?? bounds.count] += 1
        total += max(duration, .zero)
    }
}

/// What lookups came to, to count them by.
public struct LookupEnd: Hashable, Sendable {
    public let purpose: Purpose
    /// What it came to.
    public let outcome: Outcome

    public enum Purpose: String, Hashable, Sendable, CaseIterable {
        /// A user looks for values.
        case find
        /// A user stores a value.
        case publish
        /// A user looks for a peer by its key.
        case connect
        /// The node stores where it is itself.
        case ownRecord = "own_record"
        /// Values are to be republished.
        case republish
        /// The replicas of a pinned key are counted.
        case pin
        /// A bucket is refreshed.
        case refresh
    }

    /// What lookups come to.
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        /// Somebody had values.
        case values
        /// Nodes answered, and none of them had values.
        case nodes
        /// Nodes were asked, and none of them answered.
        case unanswered
        /// There was nobody to ask.
        case nobody
    }

    package init(purpose: Purpose, outcome: Outcome) {
        self.purpose = purpose
        self.outcome = outcome
    }

    init(_ lookup: ActiveLookup) {
        purpose =
            switch lookup.purpose {
            case .find: .find
            case .publish: .publish
            case .connect: .connect
            case .ownRecord: .ownRecord
            case .republish: .republish
            case .seek: .pin
            case .refresh: .refresh
            }
        outcome =
            lookup.holderCount > 0
            ? .values : lookup.answeredCount > 0 ? .nodes : lookup.askedCount > 0 ? .unanswered : .nobody
    }
}
