public import CoreMetrics
internal import Synchronization

/// A backend of swift-metrics that keeps what is recorded until somebody asks for it.
///
/// A record costs an atomic addition or two, and no lock. Each collector stands alone: several may be in one process.
public final class MetricsCollector: MetricsFactory {
    private struct Key: Hashable {
        let name: String
        let labels: [MetricSample.Label]
    }

    private struct State {
        var descriptions: [String: MetricDescription] = [:]
        /// In the order in which they were made.
        var series: [(key: Key, series: any Series)] = []
        var places: [Key: Int] = [:]
    }

    private let state = Mutex(State())

    /// So many series are kept; more are dropped, because their labels come from somewhere without a bound.
    static let seriesMax = 4096

    /// - Parameter descriptions: the metrics that will be recorded. Others are taken too, with a help that says only that.
    public init(_ descriptions: [MetricDescription] = []) { describe(descriptions) }

    /// Adds explanations of metrics, before the first instrument of them is made.
    public func describe(_ descriptions: [MetricDescription]) {
        state.withLock { state in
            for description in descriptions { state.descriptions[description.name] = description }
        }
    }

    /// What has been recorded, by metric, in the order in which the first instrument of each was made.
    public var families: [MetricFamily] {
        let (all, descriptions) = state.withLock { ($0.series, $0.descriptions) }
        var families: [MetricFamily] = []
        var places: [String: Int] = [:]
        for (key, series) in all {
            let sample = MetricSample(series.value, labels: key.labels)
            if let place = places[key.name] {
                families[place].add(sample)
            } else if let description = descriptions[key.name] {
                places[key.name] = families.count
                families.append(MetricFamily(description, [sample]))
            }
        }
        return families
    }

    private func series<Made: Series>(
        _ label: String, _ dimensions: [(String, String)], _ kind: MetricDescription.Kind,
        _ make: (MetricDescription) -> Made
    ) -> Made? {
        let suffix = "_total"
        let name = kind == .counter && label.hasSuffix(suffix) ? String(label.dropLast(suffix.count)) : label
        let labels = dimensions.map { MetricSample.Label($0.0, $0.1) }
        return state.withLock { state in
            let key = Key(name: name, labels: labels)
            if let place = state.places[key] { return state.series[place].series as? Made }
            guard state.series.count < MetricsCollector.seriesMax else { return nil }
            let description =
                state.descriptions[name]
                ?? MetricDescription(
                    name, kind, "A \(kind.rawValue) that was recorded without an explanation.",
                    bounds: kind == .histogram ? MetricsCollector.usualBounds : [])
            guard description.kind == kind else { return nil }
            state.descriptions[name] = description
            let made = make(description)
            state.places[key] = state.series.count
            state.series.append((key, made))
            return made
        }
    }

    private static let usualBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
}

// MARK: - What swift-metrics asks for

extension MetricsCollector {
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter) { _ in CountSeries() }
            ?? NOOPMetricsHandler.instance.makeCounter(label: label, dimensions: dimensions)
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, .counter) { _ in NumberSeries() }
            ?? NOOPMetricsHandler.instance.makeFloatingPointCounter(label: label, dimensions: dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge) { _ in NumberSeries() }
            ?? NOOPMetricsHandler.instance.makeMeter(label: label, dimensions: dimensions)
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        let made: (any RecorderHandler)? =
            aggregate
            ? series(label, dimensions, .histogram) { HistogramSeries($0.bounds) }
            : series(label, dimensions, .gauge) { _ in NumberSeries() }
        return made
            ?? NOOPMetricsHandler.instance.makeRecorder(label: label, dimensions: dimensions, aggregate: aggregate)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram) { HistogramSeries($0.bounds) }
            ?? NOOPMetricsHandler.instance.makeTimer(label: label, dimensions: dimensions)
    }

    // Counters that are let go stay: a scrape that missed their last value would lose it.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
}
