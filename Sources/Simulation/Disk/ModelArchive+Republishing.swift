package import IPv8
package import Maintenance

/// Republishing.
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
        guard !pins.contains(target) else { return addPinned(target, held, attempt, to: &due, at: now) }
        var deadline: Instant?
        var isKept = false
        var lastDue = Instant.distantPast
        for holding in held {
            guard let moment = dueTime(of: holding, under: target) else { continue }
            isKept = true
            if isDue(moment, at: now) {
                deadline = min(deadline ?? holding.expiresAt, holding.expiresAt)
                if moment <= now { lastDue = max(lastDue, moment) }
            } else {
                due.nextDue = min(due.nextDue ?? moment, moment)
            }
        }
        due.kept += isKept ? 1 : 0
        guard let deadline else { return }
        due.total += 1
        // The result delays what was due then, not what has come due since.
        if let attempt, attempt.at <= now, attempt.retryAt ?? now > now, lastDue <= attempt.at { return }
        due.keys.append(DueKey(target: target, deadline: deadline, isPinned: false))
    }

    /// A pinned key is due by the time of its last lookup.
    private func addPinned(
        _ target: Target, _ held: [Holding], _ attempt: Attempt?, to due: inout DueKeys, at now: Instant
    ) {
        let isAhead = attempt.map { $0.at > now } ?? false
        let moment =
            isAhead
            ? now : max(attempt?.soughtAt.map { $0 + timing.republishInterval } ?? now, attempt?.retryAt ?? now)
        due.kept += 1
        due.keptPinned += 1
        guard moment <= now else {
            due.nextDue = min(due.nextDue ?? moment, moment)
            return
        }
        due.total += 1
        due.pinned += 1
        due.keys.append(
            DueKey(target: target, deadline: held.lazy.map(\.expiresAt).min() ?? now, isPinned: true))
    }

    package func republishable(_ targets: [Target], at now: Instant) -> [RepublishableTarget] {
        targets.map { target in
            let isPinned = pins.contains(target)
            let values = (holdings[target] ?? [])
                .filter { isPinned || dueTime(of: $0, under: target).map { isDue($0, at: now) } ?? false }
                .sorted { KeyOrder($0) < KeyOrder($1) }
                .compactMap { held -> RepublishableValue? in
                    if isPinned || held.isPublished { return RepublishableValue(entry: held.entry, servedUntil: nil) }
                    let end = origin(of: held) + timing.lifetime
                    guard now <= end else { return nil }
                    return RepublishableValue(entry: held.entry, servedUntil: end + timing.servedFor)
                }
            return RepublishableTarget(target: target, values: values)
        }
    }

    /// A value that seems to come due later than after one interval was stored while the clock was ahead.
    private func isDue(_ moment: Instant, at now: Instant) -> Bool {
        moment <= now || moment > now + timing.republishInterval
    }

    private func dueTime(of held: Holding, under target: Target) -> Instant? {
        let due = held.lastStored + timing.republishInterval - jitter(of: held, under: target)
        switch (held.holder, held.place) {
        case (.theOperator, _): return due
        case (.withdrawn, _), (.network, .retained): return nil
        case (.network, .served):
            guard !sabotage.contains(.keepsAliveForEver) else { return due }
            return due <= origin(of: held) + timing.lifetime ? due : nil
        }
    }

    private func origin(of held: Holding) -> Instant {
        guard !sabotage.contains(.keepsAliveForEver) else { return held.lastStored }
        guard let version = held.entry.signature?.version else { return held.firstSeen }
        return min(Instant(seconds: Int64(version.number)), held.firstSeen)
    }

    /// Different for each value and each time, so that values that came together are not due together.
    private func jitter(of held: Holding, under target: Target) -> Duration {
        var mixed = target.bits.middle ^ held.id.bits.middle ^ UInt64(bitPattern: held.lastStored.nanoseconds)
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return timing.jitterMax * (Double(mixed >> 11) / Double(1 << 53))
    }
}

/// A value's place among those of its target, in serving order and then by class and id.
private struct KeyOrder: Comparable {
    private let place: Int
    private let kind: ModelArchive.Kind
    private let bits: Bits160

    init(_ holding: ModelArchive.Holding) {
        place = holding.place == .served ? 0 : 1
        kind = holding.kind
        bits = holding.id.bits
    }

    static func < (left: KeyOrder, right: KeyOrder) -> Bool {
        (left.place, left.kind, left.bits) < (right.place, right.kind, right.bits)
    }
}
