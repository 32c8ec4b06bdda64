package import DHTCore
package import IPv8
internal import Maintenance

/// What is to be stored again.
extension ModelArchive {
    package func dueKeys(at now: Instant, limit: Int) -> DueKeys {
        var due = DueKeys(keys: [], total: 0, kept: 0, nextDue: nil)
        for target in pins where holdings[target] == nil { add(target, [], to: &due, at: now) }
        for (target, held) in holdings { add(target, held, to: &due, at: now) }
        due.keys.sort { ($0.deadline, $0.target.bits) < ($1.deadline, $1.target.bits) }
        due.keys.removeLast(max(0, due.keys.count - limit))
        return due
    }

    private func add(_ target: Target, _ held: [Holding], to due: inout DueKeys, at now: Instant) {
        let attempt = reports[target]
        let isPinned = pins.contains(target)
        let moment: Instant
        if isPinned {
            moment = attempt.map { $0.report.sought == nil ? now : $0.at + timing.republishInterval } ?? now
        } else {
            guard let first = held.lazy.compactMap({ self.dueTime(of: $0, under: target) }).min() else { return }
            moment = first
        }
        due.kept += 1
        let earliest = max(moment, attempt?.report.retryAt ?? moment)
        guard moment <= now else {
            due.nextDue = min(due.nextDue ?? moment, moment)
            return
        }
        due.total += 1
        guard earliest <= now else { return }
        let deadline = held.lazy.map(\.expiresAt).min() ?? now
        due.keys.append(DueKey(target: target, deadline: deadline, isPinned: isPinned))
    }

    package func republishable(_ targets: [Target], at now: Instant) -> [RepublishableTarget] {
        targets.map { target in
            let isPinned = pins.contains(target)
            let values = (holdings[target] ?? [])
                .filter { isPinned || dueTime(of: $0, under: target).map { $0 <= now } ?? false }
                .sorted { $0.id.bits < $1.id.bits }
                .compactMap { held -> RepublishableValue? in
                    if isPinned || held.isPublished { return RepublishableValue(entry: held.entry, servedUntil: nil) }
                    let end = origin(of: held) + timing.lifetime
                    guard now <= end else { return nil }
                    return RepublishableValue(entry: held.entry, servedUntil: end + timing.servedFor)
                }
            return RepublishableTarget(target: target, values: values)
        }
    }

    private func dueTime(of held: Holding, under target: Target) -> Instant? {
        let due = held.lastStored + timing.republishInterval - jitter(of: held, under: target)
        if held.isPublished { return held.isWithdrawn ? nil : due }
        if sabotage.contains(.keepsAliveForEver) { return due }
        guard !held.isRetained else { return nil }
        return due <= origin(of: held) + timing.lifetime ? due : nil
    }

    private func origin(of held: Holding) -> Instant {
        guard !sabotage.contains(.keepsAliveForEver) else { return held.lastStored }
        guard let version = held.entry.signature?.version else { return held.firstSeen }
        return min(Instant(seconds: Int64(version.number)), held.firstSeen)
    }

    /// Another one for each value and each time, so that what came together is not due together.
    private func jitter(of held: Holding, under target: Target) -> Duration {
        guard timing.jitterMax > .zero else { return .zero }
        var numbers = SeededGenerator(
            seed: target.bits.middle ^ held.id.bits.middle, stream: UInt64(bitPattern: held.lastStored.nanoseconds))
        return numbers.duration(in: .zero...timing.jitterMax)
    }
}
