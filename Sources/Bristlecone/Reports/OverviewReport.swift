internal import Archive
internal import DHTCore
package import IPv8
package import Kademlia
internal import Maintenance
internal import Platform

/// What somebody who looks after a node wants to see first, in a few kilobytes however much the archive holds.
package struct NodeOverview: Sendable, Equatable, Codable {
    package var version: String
    package var mid: Mid
    /// The node's time, which follows the machine's clock.
    package var now: Instant
    package var uptime: Duration
    package var health: NodeHealth
    /// What the operator has to do something about, each a sentence.
    package var problems: [String]
    /// One for each address family, IPv4 first; empty if the event loop hangs.
    package var endpoints: [Endpoint]
    /// `nil` if the archive cannot be read.
    package var archive: Content?
    package var disk: Disk
    package var budgets: [BudgetUse]
    /// `nil` if the event loop hangs.
    package var republishing: Republishing?
    /// Pinned keys by their replicas on other nodes; `nil` before the first look.
    package var pins: Pins?
    package var scrub: NodeStatus.Scrub?
    /// `nil` if no backup is known.
    package var lastBackup: Instant?
    /// Since the node started.
    package var traffic: [Traffic]
    /// Since the node started, of each kind of response.
    package var roundTrips: [RoundTrips]
    /// How far the machine's clock is ahead of the node's time.
    package var clockOffset: Duration
    /// How far the node's time is behind the newest change that was in the archive at the start; zero if it is not.
    package var behindArchive: Duration
    /// How far the highest version that was published here is ahead of the node's time.
    package var versionsAhead: Duration
    package var memoryBytes: Int?

    private enum CodingKeys: String, CodingKey {
        case version, mid, now, health, problems, endpoints, archive, disk, budgets, republishing, pins, scrub
        case lastBackup, traffic, roundTrips, memoryBytes
        case uptime = "uptimeSeconds"
        case clockOffset = "clockOffsetSeconds"
        case behindArchive = "behindArchiveSeconds"
        case versionsAhead = "versionsAheadSeconds"
    }

    package struct Endpoint: Sendable, Equatable, Codable {
        package var family: AddressFamily
        package var listen: Address
        package var external: Address?
        package var nodeID: NodeID
        package var good: Int
        package var unknown: Int
        package var bad: Int
        package var buckets: Int

        private enum CodingKeys: String, CodingKey {
            case family, listen, external, good, unknown, bad, buckets
            case nodeID = "nodeId"
        }
    }

    package struct Content: Sendable, Equatable, Codable {
        /// Values in the serving window, expired ones too.
        package var values: Int
        package var keys: Int
        /// Values that their key's owner, somebody else or nobody signed.
        package var owner: Int
        package var signed: Int
        package var unsigned: Int
        package var lastChange: Int
        /// Changes that the index has not followed yet.
        package var indexLag: Int
        package var indexIsRebuilding: Bool
        /// Damaged records that were met since the node started.
        package var damagedRecords: Int
    }

    package struct Disk: Sendable, Equatable, Codable {
        /// Bytes that count against the archive's size limit.
        package var liveBytes: Int
        package var limitBytes: Int
        package var freeBytes: Int
        /// With less free space new values are refused.
        package var reserveBytes: Int
    }

    package struct BudgetUse: Sendable, Equatable, Codable {
        package var budget: String
        package var usedBytes: Int
        package var limitBytes: Int
    }

    package struct Republishing: Sendable, Equatable, Codable {
        package var phase: String
        package var dueKeys: Int
        /// Keys that come due again and again.
        package var keptKeys: Int
        /// Due keys that the node had ceased to serve, pinned ones aside.
        package var lateKeys: Int
        package var waitingKeys: Int
        /// Keys that were stored again since the node started.
        package var storedKeys: Int
        /// Keys whose last round no node acknowledged, since the node started.
        package var unacknowledgedKeys: Int
        /// How many more keys come due in an interval than can be stored in it.
        package var keysBeyondCapacity = 0
        package var nextDue: Instant?
    }

    package struct Pins: Sendable, Equatable, Codable {
        /// At least three other nodes have a replica.
        package var enough: Int
        package var few: Int
        package var none: Int
        /// Nobody has looked yet.
        package var unknown: Int
    }

    package struct Traffic: Sendable, Equatable, Codable {
        /// The message's name; `other` for what is no message of this overlay.
        package var message: String
        package var receivedDatagrams: Int
        package var receivedBytes: Int
        package var sentDatagrams: Int
        package var sentBytes: Int
    }

    package struct RoundTrips: Sendable, Equatable, Codable {
        package var message: String
        package var count: Int
        /// `nil` if no response came.
        package var mean: Duration?

        private enum CodingKeys: String, CodingKey {
            case message, count
            case mean = "meanSeconds"
        }
    }
}

/// How many values lie where in a stretch of the key space.
package struct DensityReport: Sendable, Equatable, Codable {
    /// The bits that all keys of the stretch begin with.
    package var prefix: String
    /// Values in each of its equal parts, in the order of keys.
    package var values: [Int]
    /// Higher numbers are estimates.
    package var countedMax: Int
}

// MARK: Out of a reading

extension DensityReport {
    init(_ prefix: KeyPrefix, _ density: ValueDensity) {
        self.init(prefix: prefix.text, values: density.values, countedMax: ValueDensity.countedMax)
    }
}

extension NodeOverview {
    init(_ reading: NodeReading, identity: Mid, scrub: NodeStatus.Scrub?, _ backup: StoredEvent?) {
        let snapshot = reading.snapshot
        let statistics = reading.statistics
        self.init(
            version: Release.version, mid: identity, now: reading.moment.now, uptime: reading.uptime,
            health: reading.health, problems: reading.problems,
            endpoints: (snapshot?.endpoints ?? []).map { Endpoint($0, at: snapshot?.now ?? .distantPast) },
            archive: statistics.map(Content.init),
            disk: Disk(
                liveBytes: statistics?.liveBytes ?? 0, limitBytes: reading.options.liveBytesMax,
                freeBytes: reading.freeBytes, reserveBytes: reading.options.diskReserveBytes),
            budgets: Budget.allCases.map { budget in
                BudgetUse(
                    budget: budget.name, usedBytes: statistics?.bytesByBudget[budget] ?? 0,
                    limitBytes: reading.options.budgets[budget])
            },
            republishing: snapshot.map(Republishing.init),
            pins: reading.pins.map { Pins(enough: $0.enough, few: $0.few, none: $0.none, unknown: $0.unknown) },
            scrub: scrub, lastBackup: backup?.at, traffic: Traffic.all(in: reading.traffic),
            roundTrips: snapshot.map { RoundTrips.all(in: $0.counters.roundTrips) } ?? [],
            clockOffset: reading.wall - reading.moment.now, behindArchive: snapshot?.clock.behindArchive ?? .zero,
            versionsAhead: snapshot?.clock.versionsAhead ?? .zero, memoryBytes: reading.process.residentBytes)
    }
}

extension NodeOverview.Endpoint {
    fileprivate init(_ endpoint: EndpointSnapshot, at now: Instant) {
        let states = endpoint.contacts.map { $0.status(at: now) }
        let status = NodeStatus.Endpoint(endpoint, at: now)
        self.init(
            family: status.family, listen: status.listen, external: status.external, nodeID: status.nodeID,
            good: states.count { $0 == .good }, unknown: states.count { $0 == .unknown },
            bad: states.count { $0 == .bad }, buckets: endpoint.bucketCount)
    }
}

extension NodeOverview.Content {
    fileprivate init(_ statistics: ArchiveStatistics) {
        let classes = statistics.valuesByClass
        self.init(
            values: statistics.values, keys: statistics.keys, owner: classes.owner, signed: classes.signed,
            unsigned: classes.unsigned, lastChange: Int(clamping: statistics.journalLast),
            indexLag: Int(clamping: statistics.journalLast) - Int(clamping: statistics.indexLast),
            indexIsRebuilding: statistics.indexIsRebuilding, damagedRecords: statistics.damagedRecords)
    }
}

extension NodeOverview.Republishing {
    fileprivate init(_ snapshot: NodeSnapshot) {
        let (upkeep, counters) = (snapshot.upkeep, snapshot.counters)
        self.init(
            phase: upkeep.phase.rawValue, dueKeys: upkeep.dueKeys, keptKeys: upkeep.keptKeys,
            lateKeys: upkeep.lateKeys, waitingKeys: upkeep.waitingKeys, storedKeys: counters.keysRepublished,
            unacknowledgedKeys: counters.keysUnacknowledged,
            nextDue: upkeep.nextDue.map { $0 + snapshot.clockOffset })
    }
}

extension NodeOverview.Traffic {
    /// Both styles of a message have one name.
    fileprivate static func all(in rows: [MessageTraffic]) -> [NodeOverview.Traffic] {
        var all: [NodeOverview.Traffic] = []
        for row in rows where row.datagrams > 0 {
            let name = row.kind?.name ?? "other"
            let place =
                all.firstIndex { $0.message == name }
                ?? {
                    all.append(
                        NodeOverview.Traffic(
                            message: name, receivedDatagrams: 0, receivedBytes: 0, sentDatagrams: 0, sentBytes: 0))
                    return all.count - 1
                }()
            switch row.direction {
            case .received:
                all[place].receivedDatagrams += row.datagrams
                all[place].receivedBytes += row.bytes
            case .sent:
                all[place].sentDatagrams += row.datagrams
                all[place].sentBytes += row.bytes
            }
        }
        return all
    }
}

extension NodeOverview.RoundTrips {
    fileprivate static func all(in durations: [UInt8: DurationCounts]) -> [NodeOverview.RoundTrips] {
        MessageKind.allCases.compactMap { kind in
            guard let counts = durations[kind.rawValue] else { return nil }
            let count = counts.counts.reduce(0, +)
            return NodeOverview.RoundTrips(
                message: kind.name, count: count, mean: count == 0 ? nil : counts.total / count)
        }
    }
}
