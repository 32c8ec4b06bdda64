import Archive
import IPv8
import Logging
import Maintenance
import TestSupport
import Testing

@testable import Bristlecone

@Suite struct IndexKeeperTests {
    private let folder: TemporaryFolder
    private let archive: Archive
    private let keeper: IndexKeeper

    init() throws {
        folder = try TemporaryFolder()
        archive = try Archive.open(folder: folder.path, now: ClockReading.now().wall)
        keeper = IndexKeeper(archive: archive, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Stores a value and tells the keeper.
    private func store(_ number: Int) throws {
        let now = ClockReading.now().wall
        let change = StoreChange(
            target: Target(hashing: "\(number)"), entries: [try Entry(unsigned: [UInt8](repeating: 1, count: 9))],
            expiresAt: now + .seconds(3600), provenance: .publishedHere)
        _ = try archive.commit([.store(change)], at: now)
        keeper.archiveChanged()
    }

    @Test func changesGatherWhileThereAreMany() async throws {
        var placesSeen: Set<UInt64> = []
        let start = ContinuousClock.now
        for number in 0..<2000 where start.duration(to: .now) < .milliseconds(500) {
            try store(number)
            placesSeen.insert(try archive.statistics().indexLast)
        }
        // The first place is the one before anything was taken over, and the first change is taken over at once.
        let stepsMax = Int(start.duration(to: .now) / IndexKeeper.gatherFor) + 3
        #expect(placesSeen.count <= stepsMax)
        await keeper.shutdown()
        archive.close()
    }

    @Test func theFirstChangeIsTakenOverAtOnce() async throws {
        try store(1)
        while try archive.statistics().indexLast < archive.statistics().journalLast { await Task.yield() }
        await keeper.shutdown()
        archive.close()
    }

    @Test func whatHasGatheredIsTakenOverAtTheEnd() async throws {
        for number in 0..<20 { try store(number) }
        await keeper.shutdown()
        let statistics = try archive.statistics()
        #expect(statistics.indexLast == statistics.journalLast)
        archive.close()
    }
}
