import DHTCore

/// The measurements of a comparison run, in the form of its file.
struct ComparisonReport: Codable {
    var kind: OverlayKind
    var churn: ChurnKind
    var nodes: Int
    var hours: Double
    var seed: UInt64
    var loss: Double
    var values: Int
    /// How many values reached at least one node, and how many nodes acknowledged a value on average.
    var published = 0
    var acknowledgedMean = 0.0
    /// Messages sent by a node in an hour that it is there, all together and by kind.
    var messagesPerNodeHour = 0.0
    var messagesByKind: [String: Double] = [:]
    var contactsMean = 0.0
    var starts = 0
    var kills = 0
    /// Lookups of values that are looked up again and again, over the whole run.
    var lookups = LookupSummary([])
    /// One lookup at the end of each value that nobody had looked up before.
    var lookupsOfQuiet = LookupSummary([])
    var series: [SurveyPoint] = []
    /// The cost of the run.
    var messages = 0
    var wallSeconds = 0.0
    var memoryMegabytes = 0.0
}

/// How things stand at one moment.
struct SurveyPoint: Codable {
    /// Since the values were published.
    var minute: Int
    var running: Int
    /// Since the last survey, messages sent by a node and hour.
    var messagesPerNodeHour: Double
    /// The values that are looked up, and those that are not.
    var searched: ReplicaSummary
    var quiet: ReplicaSummary
    var lookups: LookupSummary
}

/// On how many nodes values are.
struct ReplicaSummary: Codable {
    var mean: Double
    var min: Int
    var max: Int
    /// The share of values that no running node has.
    var lost: Double

    init(_ counts: [Int]) {
        mean = counts.isEmpty ? 0 : rounded(Double(counts.reduce(0, +)) / Double(counts.count))
        min = counts.min() ?? 0
        max = counts.max() ?? 0
        lost = counts.isEmpty ? 0 : rounded(Double(counts.count { $0 == 0 }) / Double(counts.count))
    }
}

/// How lookups went.
struct LookupSummary: Codable {
    var count: Int
    var success: Double
    /// How far the node was that first gave the value.
    var hopsMean: Double
    /// Requests of a lookup.
    var askedMean: Double
    /// Until the value was there, and until the lookup was over, in milliseconds.
    var valueMedian: Double
    var value95: Double
    var endMedian: Double
    var end95: Double

    init(_ lookups: [LookupTrace.Lookup]) {
        count = lookups.count
        success = lookups.isEmpty ? 0 : rounded(Double(lookups.count(where: \.wasFound)) / Double(lookups.count))
        hopsMean = mean(lookups.compactMap { $0.hopsToValue.map(Double.init) })
        askedMean = mean(lookups.map { Double($0.asked.count) })
        let toValue = lookups.compactMap(\.timeToValue).map(milliseconds).sorted()
        let toEnd = lookups.compactMap(\.timeToEnd).map(milliseconds).sorted()
        valueMedian = percentile(50, of: toValue)
        value95 = percentile(95, of: toValue)
        endMedian = percentile(50, of: toEnd)
        end95 = percentile(95, of: toEnd)
    }
}

func mean(_ numbers: [Double]) -> Double {
    numbers.isEmpty ? 0 : rounded(numbers.reduce(0, +) / Double(numbers.count))
}

func milliseconds(_ duration: Duration) -> Double { duration / .milliseconds(1) }

/// A percentile of sorted numbers.
func percentile(_ percent: Int, of sorted: [Double]) -> Double {
    sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * percent / 100)].rounded()
}

/// To three decimals.
func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }
