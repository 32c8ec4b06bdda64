import Archive
import IPv8
import Logging
import Maintenance
import Synchronization
import TestSupport
import Testing

@testable import Bristlecone

/// The versions that a node gives to what it publishes.
@Suite struct VersionTests {
    private let key = Target(hashing: "versions")

    private func start(in folder: TemporaryFolder, log: LogLines = LogLines()) async throws -> BristleconeNode {
        var settings = NodeSettings()
        settings.dataFolder = folder.file("data")
        settings.listen = [try #require(Address("127.0.0.1:0"))]
        settings.bootstrap = false
        return try await BristleconeNode.start(settings, logger: Logger(label: "test") { _ in log })
    }

    private func withNode(
        in folder: TemporaryFolder, log: LogLines = LogLines(), _ body: (BristleconeNode) async throws -> Void
    ) async throws {
        let node = try await start(in: folder, log: log)
        do {
            try await body(node)
        } catch {
            await node.shutdown()
            throw error
        }
        await node.shutdown()
    }

    private func store(_ data: UInt8, by node: BristleconeNode) async throws -> UInt32 {
        try #require(try await node.storeValue(key: key, data: [data], signed: true).version)
    }

    /// Puts a value of the node's own into its archive, as an earlier run with another clock would have.
    private func plant(_ version: UInt32, in node: BristleconeNode) throws {
        let entry = try Entry(data: [99], version: Version(version), signedBy: node.folder.identity)
        let now = ClockReading.now().wall
        let store = StoreChange(
            target: key, entries: [entry], expiresAt: now + .seconds(3600), provenance: .publishedHere)
        _ = try node.archive.commit([.store(store)], at: now)
    }

    @Test func storesWithinASecondGetOneVersionEach() async throws {
        try await withNode(in: try TemporaryFolder()) { node in
            var versions: [UInt32] = []
            for data in 0..<5 { versions.append(try await store(UInt8(data), by: node)) }
            #expect(zip(versions, versions.dropFirst()).allSatisfy { $0 < $1 }, "\(versions)")
            #expect(try await node.localValues(key: key).values.map(\.data) == [[4]])
            #expect(try node.archive.evidence().isEmpty)
        }
    }

    @Test func storesThatAreUnderWayAtOnceGetOneVersionEach() async throws {
        try await withNode(in: try TemporaryFolder()) { node in
            let reports = try await withThrowingTaskGroup(of: StoreReport.self) { group in
                for data in 0..<20 {
                    group.addTask { try await node.storeValue(key: key, data: [UInt8(data)], signed: true) }
                }
                return try await group.reduce(into: [StoreReport]()) { $0.append($1) }
            }
            #expect(Set(reports.map(\.version)).count == 20)
            #expect(try node.archive.evidence().isEmpty)
            let held = try #require(try await node.localValues(key: key).values.first)
            #expect(held.version == reports.compactMap(\.version).max())
        }
    }

    @Test func versionsGoOnAfterARestartWithdrawalAndAClockThatWasSetBack() async throws {
        let folder = try TemporaryFolder()
        let log = LogLines()
        let ahead = Version(signedAt: ClockReading.now().wall).number + 7200
        try await withNode(in: folder) { node in
            try plant(ahead, in: node)
            _ = try await node.withdraw(key)
        }
        try await withNode(in: folder, log: log) { node in
            #expect(await node.status().clock.versionsAhead == .zero)
            let versions = [try await store(1, by: node), try await store(2, by: node)]
            #expect(versions == [ahead + 1, ahead + 2])
            #expect(await node.status().clock.versionsAhead > .seconds(7000))
        }
        let warnings = log.lines.filter { $0.contains("version \(ahead + 1), which is 7") }
        #expect(warnings.count == 1, "\(log.lines)")
        try await withNode(in: folder) { node in
            let version = try await store(3, by: node)
            #expect(version == ahead + 3)
        }
    }

    @Test func aKeyWhoseLastVersionIsTheHighestIsRefusedInASentence() async throws {
        try await withNode(in: try TemporaryFolder()) { node in
            try plant(.max, in: node)
            let error = await #expect(throws: NodeError.self) { try await store(1, by: node) }
            #expect(error?.code == .versionsExhausted && error?.canRetry == false)
            let other = Target(hashing: "another key")
            #expect(try await node.storeValue(key: other, data: [1], signed: true).version != nil)
        }
    }

    @Test func aClockBehindTheNewestChangeIsToldAtTheStart() async throws {
        let folder = try TemporaryFolder()
        let log = LogLines()
        try await withNode(in: folder) { node in
            let entry = try Entry(unsigned: [1])
            let later = ClockReading.now().wall + .seconds(7200)
            let store = StoreChange(target: key, entries: [entry], expiresAt: later, provenance: .publishedHere)
            _ = try node.archive.commit([.store(store)], at: later)
        }
        try await withNode(in: folder, log: log) { node in
            #expect(await node.status().clock.behindArchive > .seconds(7000))
        }
        #expect(log.lines.contains { $0.contains("before the newest change in the archive: set the clock") })
    }

    @Test func aClockThatVersionsCannotExpressIsRefused() throws {
        try BristleconeNode.refuseLateClock(NodeClock.latest)
        let error = #expect(throws: NodeError.self) {
            try BristleconeNode.refuseLateClock(Instant(sinceEpoch: .seconds(10_413_792_000)))
        }
        #expect(error?.message.contains("2106-02-07T06:28:15Z") == true)
    }
}

/// A log that can be read.
private final class LogLines: LogHandler {
    private let kept = Mutex<[String]>([])
    var lines: [String] { kept.withLock { $0 } }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .warning }
        set {}
    }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { kept.withLock { $0.append("\(event.message)") } }
}
