import DHTCore
import IPv8
import Simulation

/// One run: an overlay grows, values are published, time passes, and now and then the run counts what is left of them.
///
/// Half of the values are looked up from time to time, the other half only at the end: a lookup stores the value that
/// it finds, and so keeps alive what is being measured.
final class Comparison {
    private let overlay: ComparedOverlay
    private let trace = LookupTrace()
    private let messages = MessageCounts()
    private var values: [PublishedValue] = []
    private var nodeMinutes = 0
    private var surveyed = (messages: 0, nodeMinutes: 0)
    private var lookups: [LookupTrace.Lookup] = []
    private(set) var report: ComparisonReport

    /// How long the overlay is left alone before anything is published.
    private let settleMinutes: Int
    private let minutesBetweenSurveys: Int
    private let lookupsPerSurvey: Int

    init(_ report: ComparisonReport, settleMinutes: Int, minutesBetweenSurveys: Int, lookupsPerSurvey: Int) {
        self.report = report
        self.settleMinutes = settleMinutes
        self.minutesBetweenSurveys = minutesBetweenSurveys
        self.lookupsPerSurvey = lookupsPerSurvey
        overlay = ComparedOverlay(report.kind, seed: report.seed, loss: report.loss)
        overlay.world.observers = [trace, messages]
    }

    func run(tellingOf progress: (String) -> Void) {
        overlay.grow(to: report.nodes, report.churn)
        progress("\(overlay.running.count) nodes started")
        for _ in 0..<settleMinutes { overlay.run(for: .seconds(60)) }
        publish()
        progress("\(report.published) values published")
        messages.reset()
        survey(at: 0)
        let end = Int((report.hours * 60).rounded())
        for minute in 1...end {
            let isSurveyed = minute % minutesBetweenSurveys == 0
            if isSurveyed { lookUp(lookupsPerSurvey) } else { overlay.run(for: .seconds(60)) }
            nodeMinutes += overlay.running.count
            guard isSurveyed else { continue }
            survey(at: minute)
            progress(text(of: report.series.last))
        }
        countMessages()
        searchQuiet()
        conclude()
    }

    private var searched: ArraySlice<PublishedValue> { values.prefix(values.count / 2) }
    private var quiet: ArraySlice<PublishedValue> { values.suffix(values.count - values.count / 2) }

    // MARK: Publishing

    private func publish() {
        let spacing = Duration.seconds(60) / report.values
        let issued = (0..<report.values).compactMap { number -> CommandID? in
            defer { overlay.run(for: spacing) }
            // In a mixed overlay it is the reference's values that are watched.
            let publishers = overlay.running.filter { overlay.kind != .mixed || !overlay.isOurs($0) }
            guard let machine = publishers.randomElement(using: &overlay.world.generator) else { return nil }
            let version = Version(signedAt: overlay.world.now)
            let data = Array("value \(number)".utf8)
            guard let entry = try? overlay.identity(of: machine).entry(data, version: version) else { return nil }
            let value = PublishedValue(target: Target(hashing: "compared value \(number)"), entry: entry)
            values.append(value)
            return overlay.world.issue(.publish(value.target, entry), on: machine)
        }
        overlay.run(for: .seconds(20))
        let acknowledged = issued.compactMap { id -> Int? in
            guard case .published(let outcome) = overlay.world.outcomes[id] else { return nil }
            return outcome.acknowledgedCount
        }
        report.published = acknowledged.count { $0 > 0 }
        report.acknowledgedMean = mean(acknowledged.map(Double.init))
    }

    // MARK: Looking

    private func survey(at minute: Int) {
        let finished = trace.takeFinished()
        lookups += finished
        let sent = messages.counts.reduce(0, +)
        let rate = Double(sent - surveyed.messages) * 60 / Double(max(nodeMinutes - surveyed.nodeMinutes, 1))
        surveyed = (sent, nodeMinutes)
        report.series.append(
            SurveyPoint(
                minute: minute, running: overlay.running.count, messagesPerNodeHour: rounded(rate),
                searched: ReplicaSummary(searched.map(overlay.replicaCount)),
                quiet: ReplicaSummary(quiet.map(overlay.replicaCount)), lookups: LookupSummary(finished)))
    }

    /// Makes nodes look up values of the first half for a minute.
    private func lookUp(_ count: Int) {
        let spacing = Duration.seconds(45) / max(count, 1)
        for _ in 0..<count {
            if let value = searched.randomElement(using: &overlay.world.generator) { lookUp(value, isQuiet: false) }
            overlay.run(for: spacing)
        }
        overlay.run(for: .seconds(60) - spacing * count)
    }

    private func searchQuiet() {
        lookups += trace.takeFinished()
        for value in quiet {
            lookUp(value, isQuiet: true)
            overlay.run(for: .milliseconds(500))
        }
        overlay.run(for: .seconds(20))
        lookups += trace.takeFinished()
    }

    /// Makes a node look up a value that it does not have.
    private func lookUp(_ value: PublishedValue, isQuiet: Bool) {
        for _ in 0..<50 {
            guard let machine = overlay.running.randomElement(using: &overlay.world.generator) else { return }
            guard !overlay.serves(machine, value), !trace.isLookingUp(machine),
                overlay.kind != .mixed || !overlay.isOurs(machine)
            else { continue }
            trace.next = (value, isQuiet)
            _ = overlay.world.issue(.find(value.target), on: machine)
            return
        }
    }

    // MARK: Results

    private func countMessages() {
        let nodeHours = Double(nodeMinutes) / 60
        for (name, ids) in MessageCounts.names {
            let sum = ids.reduce(0) { $0 + messages.counts[$1] }
            report.messagesByKind[name] = rounded(Double(sum) / nodeHours)
        }
        report.messagesPerNodeHour = rounded(Double(messages.counts.reduce(0, +)) / nodeHours)
    }

    private func conclude() {
        report.lookups = LookupSummary(lookups.filter { !$0.isQuiet })
        report.lookupsOfQuiet = LookupSummary(lookups.filter(\.isQuiet))
        let contacts = overlay.running.map { $0.host?.node.contacts.count ?? $0.reference?.contactCount ?? 0 }
        report.contactsMean = mean(contacts.map(Double.init))
        report.starts = overlay.churn?.startCount ?? 0
        report.kills = overlay.churn?.killCount ?? 0
        report.messages = overlay.world.deliveredCount
    }

    private func text(of point: SurveyPoint?) -> String {
        guard let point else { return "" }
        return "minute \(point.minute): \(point.running) running, replicas \(point.searched.mean) searched and"
            + " \(point.quiet.mean) quiet, lost \(point.searched.lost) and \(point.quiet.lost),"
            + " \(point.lookups.count) lookups, \(point.lookups.success) found,"
            + " \(Int(point.messagesPerNodeHour)) messages a node and hour"
    }
}
