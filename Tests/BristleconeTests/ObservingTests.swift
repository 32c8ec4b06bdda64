import Archive
import CoreMetrics
import Foundation
import IPv8
import Maintenance
import Platform
import PrometheusText
import TestSupport
import Testing

@testable import Bristlecone

/// Metrics, health and history of real nodes.
@Suite struct ObservingTests {
    private func settings(in folder: TemporaryFolder, peers: [Address] = []) throws -> NodeSettings {
        var settings = NodeSettings()
        settings.dataFolder = folder.file("data")
        settings.listen = [try #require(Address("127.0.0.1:0"))]
        settings.bootstrap = false
        settings.peers = peers
        return settings
    }

    /// Asks until an answer fits, at most for ten seconds.
    private func until<Value>(
        _ what: String, _ ask: () async throws -> Value, _ fits: (Value) -> Bool
    ) async throws -> Value {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let value = try await ask()
            if fits(value) { return value }
            guard ContinuousClock.now < deadline else {
                Issue.record("\(what): \(value)")
                return value
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func number(_ families: [MetricFamily], _ name: String, _ labels: [String: String] = [:]) -> Int? {
        let samples = families.first { $0.description.name == name }?.samples
        let sample = samples?.first { sample in
            labels.allSatisfy { label in
                sample.labels.contains(MetricSample.Label(label.key, label.value))
            }
        }
        switch sample?.value {
        case .count(let count)?: return count
        case .histogram(let counts, _)?: return counts.reduce(0, +)
        case .number(let number)?: return Int(number)
        case nil: return nil
        }
    }

    @Test func twoNodesCountTheirTrafficAndBecomeReady() async throws {
        let (folder, otherFolder) = (try TemporaryFolder(), try TemporaryFolder())
        let node = try await BristleconeNode.start(try settings(in: folder))
        let address = try #require(await node.status().endpoints.first?.listen)
        #expect(node.health.isLive)
        #expect(node.health.reasons.map(\.code) == [.noContactsYet])
        let other = try await BristleconeNode.start(try settings(in: otherFolder, peers: [address]))
        try await other.waitForContacts()
        try await other.storeValue(key: Target(hashing: "key"), data: [1], signed: true)
        _ = try await other.ping(address)
        _ = try await until("health", { node.health }) { $0.reasons.allSatisfy { $0.code == .tableRecovering } }

        let families = await node.metrics()
        #expect(Set(families.map(\.description.name)) == Set(NodeMetric.all.map(\.name)), "all have been recorded")
        #expect(families.map(\.description) == NodeMetric.all)
        let datagrams = { number(families, "bristlecone_datagrams", $0) ?? 0 }
        #expect(datagrams(["message": "ping_request", "direction": "received"]) > 0)
        #expect(datagrams(["message": "ping_response", "direction": "sent"]) > 0)
        #expect(number(families, "bristlecone_request_handling_seconds", ["message": "ping_request"]) ?? 0 > 0)
        #expect(number(families, "bristlecone_request_handling_seconds", ["message": "store_request"]) ?? 0 > 0)
        #expect(number(families, "bristlecone_archive_values", ["class": "signed"]) == 1)
        #expect(number(families, "bristlecone_commit_seconds") ?? 0 > 0)
        #expect(number(families, "bristlecone_signature_checks", ["key_level": "curve25519"]) ?? 0 > 0)
        #expect(number(families, "bristlecone_live") == 1)
        let others = await other.metrics()
        #expect(number(others, "bristlecone_round_trip_seconds", ["message": "ping_response"]) ?? 0 > 0)
        #expect(number(others, "bristlecone_lookups", ["purpose": "publish", "outcome": "nodes"]) == 1)
        #expect(number(others, "process_open_fds") ?? 0 > 3)
        await other.shutdown()
        await node.shutdown()
        #expect(!node.health.isReady && node.health.reasons.contains { $0.code == .stopping })
    }

    @Test func documentationListsEveryMetricAsItIs() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/metrics.md")
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter {
            $0.hasPrefix("| `bristlecone_") || $0.hasPrefix("| `process_")
        }
        let documented = rows.map { row in
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return "\(cells[0]) \(cells[1]) \(cells.last ?? "")"
        }
        #expect(
            documented == NodeMetric.all.map { "`\($0.queriedName)` \($0.kind.rawValue) \($0.help)" })
    }

    @Test func labelsAreThoseOfTheDocumentation() async throws {
        let folder = try TemporaryFolder()
        let node = try await BristleconeNode.start(try settings(in: folder))
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/metrics.md")
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
        for family in await node.metrics() {
            let name = family.description.queriedName
            let row = try #require(rows.first { $0.hasPrefix("| `\(name)` |") })
            let cells = row.split(separator: "|", omittingEmptySubsequences: false)
            let labels = cells[3].split(separator: ",").map { $0.trimmingCharacters(in: .init(charactersIn: " `")) }
            for sample in family.samples {
                #expect(sample.labels.map(\.name) == labels.filter { !$0.isEmpty }, "\(name)")
            }
        }
        await node.shutdown()
    }

    @Test func aProgramsOwnBackendIsToldToo() async throws {
        let folder = try TemporaryFolder()
        let backend = MetricsCollector()
        let node = try await BristleconeNode.start(try settings(in: folder), metrics: backend)
        try await node.storeValue(key: Target(hashing: "key"), data: [1], signed: false)
        Counter(label: "notes_written", factory: node.metricsFactory).increment(by: 3)
        let families = await node.metrics()
        #expect(number(families, "notes_written") == 3)
        // The node commits on its own account too, so its count may go up between two looks.
        let told = number(backend.families, "bristlecone_commit_seconds") ?? 0
        let after = number(await node.metrics(), "bristlecone_commit_seconds") ?? 0
        #expect(told >= 1 && number(families, "bristlecone_commit_seconds") ?? 0 <= told && told <= after)
        let text = await node.exposition(
            .openMetrics, adding: [MetricFamily(MetricDescription("a", .gauge, "A."), .count(1))])
        #expect(text.hasSuffix("# HELP a A.\n# TYPE a gauge\na 1\n# EOF\n"))
        await node.shutdown()
    }

    @Test func startsStopsAndSamplesAreRemembered() async throws {
        let folder = try TemporaryFolder()
        let begun = ClockReading.now().wall
        for run in 1...2 {
            let node = try await BristleconeNode.start(try settings(in: folder))
            let events = try await until("events", { try await node.notableEvents(limit: 10) }) {
                $0.count == 2 * run - 1
            }
            #expect(events.map(\.kind) == Array(["started", "stopped", "started"].suffix(2 * run - 1)))
            let page = try await node.notableEvents(before: events.first?.number, limit: 1)
            #expect(page.first == events.dropFirst().first)
            let samples = try await until(
                "samples",
                {
                    try await node.history(
                        from: begun - .seconds(3600), to: begun + .seconds(3600), resolution: .hour)
                }
            ) { !$0.isEmpty }
            #expect(samples.first?.figures["memory_bytes"] ?? 0 > 1 << 20)
            await node.shutdown()
            await #expect(throws: NodeError.self) { try await node.notableEvents(limit: 1) }
        }
    }

    @Test func aBackupThatIsRestoredIsNoUncleanEnd() async throws {
        let folder = try TemporaryFolder()
        let node = try await BristleconeNode.start(try settings(in: folder))
        _ = try await until("events", { try await node.notableEvents(limit: 10) }) { !$0.isEmpty }
        _ = try await node.backUp(to: folder.file("backup"))
        let events = try await until("events", { try await node.notableEvents(limit: 10) }) { $0.count == 2 }
        #expect(events.first?.kind == "backup_made")
        await node.shutdown()
        _ = try Backup.restore(folder.file("backup"), to: folder.file("data"))
        let restored = try await BristleconeNode.start(try settings(in: folder))
        let after = try await until("events", { try await restored.notableEvents(limit: 10) }) { $0.count == 3 }
        #expect(after.map(\.kind) == ["started", "restored", "started"])
        await restored.shutdown()
    }

    @Test func aFullArchiveIsToldOfOnceAndWhenItHasRoomAgain() async throws {
        let folder = try TemporaryFolder()
        var full = try settings(in: folder)
        full.diskReserve = ByteSize(bytes: .max)
        let node = try await BristleconeNode.start(full)
        #expect(node.health.reasons.map(\.code).contains(.diskFull))
        let events = try await until("events", { try await node.notableEvents(limit: 10) }) { $0.count == 2 }
        #expect(events.first?.kind == "quota_reached" && events.first?.code == "disk_full")
        await node.shutdown()
    }
}
