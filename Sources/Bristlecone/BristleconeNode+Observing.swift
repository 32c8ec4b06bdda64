internal import Archive
public import CoreMetrics
internal import DHTCore
package import IPv8
internal import Maintenance
public import PrometheusText

/// Health, metrics, history and overview.
extension BristleconeNode {
    /// How well the node is. The answer comes at once, also from a node that hangs.
    public var health: NodeHealth { observer.health }

    /// The node's metrics as text, for Prometheus and everything that reads its formats.
    ///
    /// - Parameters:
    ///   - format: see `ExpositionFormat(accept:)`.
    ///   - others: metrics of the program itself, which come last.
    public func exposition(_ format: ExpositionFormat, adding others: [MetricFamily] = []) async -> String {
        format.text(of: await metrics() + others)
    }

    /// The node's metrics, in a fixed order.
    public func metrics() async -> [MetricFamily] {
        var families = Dictionary(
            uniqueKeysWithValues: collector.families.map { ($0.description.name, $0) })
        for family in await observer.reading().families { families[family.description.name] = family }
        return NodeMetric.all.compactMap { families.removeValue(forKey: $0.name) }
            + families.values.sorted { $0.description.name < $1.description.name }
    }

    /// What a program records with this becomes a part of ``metrics()``: for parts of a program that serve one node.
    public var metricsFactory: any MetricsFactory { collector }

    /// What somebody who looks after the node wants to see first. It costs the same however much the archive holds.
    package func overview() async -> NodeOverview {
        var reading = await observer.reading()
        if let twinWarning { reading.problems.append(twinWarning) }
        let backup = try? await threads.historian.read { (archive) throws(ArchiveError) in try archive.lastBackup() }
        var overview = NodeOverview(
            reading, identity: folder.identity.publicKey.mid, scrub: threads.scrubber.status, backup)
        if let upkeep = reading.snapshot?.upkeep {
            overview.republishing?.keysBeyondCapacity = await keysBeyondCapacity(upkeep)
        }
        return overview
    }

    /// As the plan foretells. Without a node to store on there is no capacity to exceed.
    private func keysBeyondCapacity(_ upkeep: RepublisherSnapshot) async -> Int {
        guard upkeep.nodes > 0, let due = try? await counts.due.value(within: .zero) else { return 0 }
        let plan = PlanReport(
            due, phase: upkeep.phase, nodes: upkeep.nodes, interval: settings.ofArchive.interval,
            packetsPerSecond: settings.packetsPerSecond)
        return plan.keysBeyondCapacity
    }

    // MARK: History

    /// The most samples and events that one call returns.
    package static let historyLimit = 10_000

    /// Samples that began from a moment on and before another one, oldest first. If there are as many as asked for, there may
    /// be more: ask again from just after the last one.
    package func history(
        from start: Instant, to end: Instant, resolution: HistoryResolution,
        limit: Int = BristleconeNode.historyLimit
    ) async throws(NodeError) -> [HistorySample] {
        let limit = min(max(0, limit), BristleconeNode.historyLimit)
        let samples = try await threads.historian.read { (archive) throws(ArchiveError) in
            switch resolution {
            case .minute: try archive.samples(.minute, from: start, to: end, limit: limit)
            case .hour: try archive.samples(.hour, from: start, to: end, limit: limit)
            case .day: try archive.days(from: start, to: end, limit: limit)
            }
        }
        return samples.map { sample in
            HistorySample(
                at: sample.start,
                figures: Dictionary(uniqueKeysWithValues: sample.figures.map { ($0.key.rawValue, $0.value) }))
        }
    }

    /// The last events with numbers below a given one, newest first.
    ///
    /// - Parameter number: `nil` for the newest.
    package func notableEvents(before number: Int? = nil, limit: Int) async throws(NodeError) -> [NotableEvent] {
        let limit = min(max(0, limit), BristleconeNode.historyLimit)
        return try await threads.historian.read { (archive) throws(ArchiveError) in
            try archive.events(before: number, limit: limit)
        }.map { NotableEvent($0) }
    }
}
