/// A metric: its name and kind, and its explanation for those who read it.
public struct MetricDescription: Sendable, Hashable {
    /// What a metric's numbers mean.
    public enum Kind: String, Sendable {
        /// It only grows, from zero at the start of the process.
        case counter
        /// It goes up and down.
        case gauge
        /// Counts of values by upper bounds.
        case histogram
        /// Always 1; the labels are the information.
        case info
    }

    /// The name, with its unit and without the suffixes that a kind adds, such as `_total`.
    public let name: String
    public let kind: Kind
    /// One sentence: what it counts or measures.
    public let help: String
    /// A histogram's upper bounds, ascending, infinity left out.
    public let bounds: [Double]

    public init(_ name: String, _ kind: Kind, _ help: String, bounds: [Double] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.bounds = bounds
    }

    /// The unit that the name ends with; `nil` if it has none.
    public var unit: String? { MetricDescription.units.first { name.hasSuffix("_" + $0) } }

    /// The name in queries: of a counter with `_total`, of an info with `_info`.
    public var queriedName: String {
        switch kind {
        case .counter: name + "_total"
        case .info: name + "_info"
        case .gauge, .histogram: name
        }
    }

    private static let units = ["seconds", "bytes", "ratio"]
}

/// A metric and its values at one moment.
public struct MetricFamily: Sendable, Hashable {
    public let description: MetricDescription
    public private(set) var samples: [MetricSample] = []

    public init(_ description: MetricDescription, _ samples: [MetricSample] = []) {
        self.description = description
        self.samples = samples
    }

    /// A metric without labels.
    public init(_ description: MetricDescription, _ value: MetricValue) {
        self.init(description, [MetricSample(value)])
    }

    public mutating func add(_ sample: MetricSample) { samples.append(sample) }
}

/// One value of a metric.
public struct MetricSample: Sendable, Hashable {
    public let labels: [Label]
    public let value: MetricValue

    /// What tells a value from the others of its metric.
    public struct Label: Sendable, Hashable {
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(_ value: MetricValue, _ labels: Label...) {
        self.init(value, labels: labels)
    }

    public init(_ value: MetricValue, labels: [Label]) {
        self.value = value
        self.labels = labels
    }
}

public enum MetricValue: Sendable, Hashable {
    case count(Int)
    case number(Double)
    /// Counts of the values up to each bound and above the one before, a last count of those above all bounds; and the sum
    /// of the values.
    case histogram(counts: [Int], sum: Double)
}
