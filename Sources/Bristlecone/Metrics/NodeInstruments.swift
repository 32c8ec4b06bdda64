internal import CoreMetrics
internal import PrometheusText

/// What is measured when it happens. Everything else is read when somebody asks, from counts that exist anyway.
struct NodeInstruments: Sendable {
    let loopLag: CoreMetrics.Timer
    let commitTime: CoreMetrics.Timer
    let commitChanges: Recorder
    let failedCommits: Counter

    init(_ factory: any MetricsFactory) {
        loopLag = Timer(label: NodeMetric.loopLag.name, factory: factory)
        commitTime = Timer(label: NodeMetric.commitTime.name, factory: factory)
        commitChanges = Recorder(label: NodeMetric.commitChanges.name, factory: factory)
        failedCommits = Counter(label: NodeMetric.failedCommits.queriedName, factory: factory)
    }
}
