internal import Archive
internal import DHTCore
internal import IPv8
internal import Kademlia
internal import Maintenance
internal import Platform
internal import PrometheusText

/// A reading in the form of metrics.
extension NodeReading {
    private typealias Label = MetricSample.Label

    /// All metrics but those that instruments keep, in no particular order.
    var families: [MetricFamily] {
        nodeFamilies + overlayFamilies + archiveFamilies + keepingFamilies + processFamilies
    }

    private var nodeFamilies: [MetricFamily] {
        let codes = Set(health.reasons.map(\.code))
        return [
            MetricFamily(NodeMetric.build, [MetricSample(.count(1), Label("version", Release.version))]),
            MetricFamily(NodeMetric.uptime, .number(uptime.seconds)),
            MetricFamily(NodeMetric.live, .count(health.isLive ? 1 : 0)),
            MetricFamily(NodeMetric.ready, .count(health.isReady ? 1 : 0)),
            MetricFamily(
                NodeMetric.unready,
                NodeHealth.Code.allCases.map {
                    MetricSample(.count(codes.contains($0) ? 1 : 0), Label("reason", $0.rawValue))
                }),
            MetricFamily(NodeMetric.problems, .count(problems.count)),
            MetricFamily(NodeMetric.clockOffset, .number((wall - moment.now).seconds)),
            MetricFamily(NodeMetric.clockLag, .number(snapshot?.clock.behindArchive.seconds ?? 0)),
            MetricFamily(NodeMetric.versionsAhead, .number(snapshot?.clock.versionsAhead.seconds ?? 0)),
        ]
    }

    // MARK: The overlay

    private var overlayFamilies: [MetricFamily] {
        trafficFamilies + tableFamilies + coreFamilies + [
            MetricFamily(
                NodeMetric.sendRefusals,
                SendRefusals.Cause.allCases.map { cause in
                    MetricSample(
                        .count(refusals["send_refused." + cause.rawValue] ?? 0), Label("cause", cause.rawValue))
                })
        ]
    }

    /// What the core counts. Counts that are not known now are left out: as zeros they would look like those after a restart.
    private var coreFamilies: [MetricFamily] {
        guard let counters = snapshot?.counters else { return [] }
        return [
            MetricFamily(
                NodeMetric.drops,
                DropReason.all.map { reason in
                    MetricSample(.count(counters.dropped[reason] ?? 0), Label("reason", reason.name))
                }),
            MetricFamily(NodeMetric.handling, samples(of: counters.handled, by: [.query, .discovery])),
            MetricFamily(NodeMetric.roundTrips, samples(of: counters.roundTrips, by: [.response])),
            MetricFamily(NodeMetric.timeouts, .count(counters.timeouts)),
            MetricFamily(NodeMetric.paced, .count(counters.paced)),
            MetricFamily(NodeMetric.skippedValues, .count(counters.valuesSkipped)),
            MetricFamily(
                NodeMetric.lookups,
                LookupEnd.all.map { end in
                    MetricSample(
                        .count(counters.lookups[end] ?? 0), Label("purpose", end.purpose.rawValue),
                        Label("outcome", end.outcome.rawValue))
                }),
            MetricFamily(
                NodeMetric.checks,
                KeyLevel.allCases.map { level in
                    MetricSample(.count(counters.checks[level] ?? 0), Label("key_level", level.rawValue))
                }),
        ]
    }

    /// Both styles of a message have one name.
    private func samples(
        of durations: [UInt8: DurationCounts], by roles: [MessageKind.Role]
    ) -> [MetricSample] {
        let kinds = MessageKind.allCases.filter { roles.contains($0.role) }
        return MessageKind.names(of: kinds).map { name in
            var counts = [Int](repeating: 0, count: DurationCounts.boundsInMilliseconds.count + 1)
            var total = Duration.zero
            for kind in kinds where kind.name == name {
                guard let durations = durations[kind.rawValue] else { continue }
                for place in counts.indices { counts[place] += durations.counts[place] }
                total += durations.total
            }
            return MetricSample(.histogram(counts: counts, sum: total.seconds), Label("message", name))
        }
    }

    private var trafficFamilies: [MetricFamily] {
        var datagrams = MetricFamily(NodeMetric.datagrams)
        var bytes = MetricFamily(NodeMetric.datagramBytes)
        for name in MessageKind.names(of: MessageKind.allCases) + ["other"] {
            for direction in MessageTraffic.Direction.allCases {
                let rows = traffic.filter { ($0.kind?.name ?? "other") == name && $0.direction == direction }
                let labels = [Label("message", name), Label("direction", direction.rawValue)]
                datagrams.add(MetricSample(.count(rows.reduce(0) { $0 + $1.datagrams }), labels: labels))
                bytes.add(MetricSample(.count(rows.reduce(0) { $0 + $1.bytes }), labels: labels))
            }
        }
        return [datagrams, bytes]
    }

    private var tableFamilies: [MetricFamily] {
        var contacts = MetricFamily(NodeMetric.contacts)
        var buckets = MetricFamily(NodeMetric.buckets)
        for endpoint in snapshot?.endpoints ?? [] {
            let family = Label("family", endpoint.listenAddress.family.rawValue)
            let states = endpoint.contacts.map { $0.status(at: snapshot?.now ?? .distantPast) }
            for state in [Contact.Status.good, .unknown, .bad] {
                contacts.add(MetricSample(.count(states.count { $0 == state }), family, Label("state", state.rawValue)))
            }
            buckets.add(MetricSample(.count(endpoint.bucketCount), family))
        }
        return [contacts, buckets]
    }

    // MARK: The archive

    private var archiveFamilies: [MetricFamily] {
        let classes = statistics?.valuesByClass ?? (owner: 0, signed: 0, unsigned: 0)
        let last = statistics?.journalLast ?? 0
        let (held, limits) = (statistics?.bytesByBudget ?? [:], options.budgets)
        return [
            MetricFamily(
                NodeMetric.values,
                [("owner", classes.owner), ("signed", classes.signed), ("unsigned", classes.unsigned)].map {
                    MetricSample(.count($0.1), Label("class", $0.0))
                }),
            MetricFamily(NodeMetric.keys, .count(statistics?.keys ?? 0)),
            MetricFamily(NodeMetric.liveBytes, .count(statistics?.liveBytes ?? 0)),
            MetricFamily(NodeMetric.liveBytesMax, .count(options.liveBytesMax)),
            MetricFamily(
                NodeMetric.budgetBytes,
                Budget.allCases.map {
                    MetricSample(.count(held[$0] ?? 0), Label("budget", $0.name))
                }),
            MetricFamily(
                NodeMetric.budgetBytesMax,
                Budget.allCases.map {
                    MetricSample(.count(limits[$0]), Label("budget", $0.name))
                }),
            MetricFamily(
                NodeMetric.refusals,
                Refusal.allCases.map { refusal in
                    MetricSample(.count(keeping["refused." + refusal.rawValue] ?? 0), Label("reason", refusal.rawValue))
                }),
            // For what is pinned or published here, its reasons are others than for what comes in.
            MetricFamily(NodeMetric.unretained, .count(keeping["retained.refused"] ?? 0)),
            MetricFamily(
                NodeMetric.evictions,
                Budget.allCases.map {
                    MetricSample(.count(keeping["evicted." + $0.name] ?? 0), Label("budget", $0.name))
                }),
            MetricFamily(NodeMetric.retired, .count(keeping["retired"] ?? 0)),
            MetricFamily(NodeMetric.removed, .count(keeping["removed"] ?? 0)),
            MetricFamily(NodeMetric.forgotten, .count(keeping["forgotten"] ?? 0)),
            MetricFamily(NodeMetric.changes, .count(Int(clamping: last))),
            MetricFamily(
                NodeMetric.indexLag, .count(Int(clamping: last) - Int(clamping: statistics?.indexLast ?? last))),
            MetricFamily(NodeMetric.freeBytes, .count(freeBytes)),
            MetricFamily(NodeMetric.reserveBytes, .count(options.diskReserveBytes)),
        ]
    }

    private var keepingFamilies: [MetricFamily] {
        let upkeep = snapshot?.upkeep
        let outcomes = snapshot.map(\.counters).map { counters in
            [
                ("stored", counters.keysRepublished), ("unacknowledged", counters.keysUnacknowledged),
                ("others_closer", counters.keysLeftToOthers),
            ]
        }
        let replicas = pins.map {
            [("enough", $0.enough), ("few", $0.few), ("none", $0.none), ("unknown", $0.unknown)]
        }
        return [
            MetricFamily(NodeMetric.dueKeys, .count(upkeep?.dueKeys ?? 0)),
            MetricFamily(NodeMetric.keptKeys, .count(upkeep?.keptKeys ?? 0)),
            MetricFamily(NodeMetric.lateKeys, .count(upkeep?.lateKeys ?? 0)),
            MetricFamily(NodeMetric.waitingKeys, .count(upkeep?.waitingKeys ?? 0)),
            MetricFamily(
                NodeMetric.republished, (outcomes ?? []).map { MetricSample(.count($0.1), Label("outcome", $0.0)) }),
            MetricFamily(
                NodeMetric.pins, (replicas ?? []).map { MetricSample(.count($0.1), Label("replicas", $0.0)) }),
            MetricFamily(NodeMetric.scrubbed, .count(scrub["scrub.checked"] ?? 0)),
            MetricFamily(NodeMetric.scrubDamage, .count(scrub["scrub.damaged"] ?? 0)),
            MetricFamily(NodeMetric.scrubRecoveries, .count(scrub["scrub.recovered"] ?? 0)),
            MetricFamily(NodeMetric.scrubFinished, .count(Int(scrubFinished?.seconds ?? 0))),
        ]
    }

    private var processFamilies: [MetricFamily] {
        [
            MetricFamily(NodeMetric.processMemory, process.residentBytes.map { [MetricSample(.count($0))] } ?? []),
            MetricFamily(NodeMetric.processTime, .number(process.processorTime.seconds)),
            MetricFamily(NodeMetric.openFiles, process.openFiles.map { [MetricSample(.count($0))] } ?? []),
            MetricFamily(NodeMetric.openFilesMax, process.openFilesMax.map { [MetricSample(.count($0))] } ?? []),
        ]
    }
}

extension MessageKind {
    /// The names of kinds, each once, in their order.
    fileprivate static func names(of kinds: [MessageKind]) -> [String] {
        var names: [String] = []
        for kind in kinds where !names.contains(kind.name) { names.append(kind.name) }
        return names
    }
}

extension DropReason {
    fileprivate static var all: [DropReason] {
        WireError.allCases.map { .undecodable($0) } + EntryError.allCases.map { .badEntry($0) }
            + Refusal.allCases.map { .refused($0) }
    }
}

extension LookupEnd {
    fileprivate static var all: [LookupEnd] {
        Purpose.allCases.flatMap { purpose in
            Outcome.allCases.map { LookupEnd(purpose: purpose, outcome: $0) }
        }
    }
}
