import Foundation
import GRDB
import IPv8
import Maintenance
import Testing

@testable import Archive

/// Samples of the main figures, and the log of notable events.
@Suite struct HistoryLogTests {
    private let hour = SampleSpan.hour.start(of: .start)

    private func sample(_ archive: Archive, _ figures: [HistoryFigure: Int], at now: Instant) throws {
        try archive.add(figures, at: now, clockIsSteady: true)
    }

    @Test func anHourIsMadeOfItsMinutes() throws {
        let archive = try Folder().openKept()
        for (minute, contacts) in [4, 5, 9].enumerated() {
            try sample(
                archive, [.contacts: contacts, .lookups: contacts, .loopLagMilliseconds: contacts],
                at: hour + 60 * minute + 59)
        }
        // The hour before it and the one after it have their own.
        try sample(archive, [.contacts: 100], at: hour + -1)
        try sample(archive, [.contacts: 200], at: hour + 3600)
        let minutes = try archive.samples(.minute, from: hour, to: hour + 3600, limit: 100)
        #expect(minutes.map(\.start) == [hour, hour + 60, hour + 120])
        #expect(minutes.map { $0.figures[.contacts] } == [4, 5, 9])
        let hours = try archive.samples(.hour, from: hour + -3600, to: .start + 7200, limit: 100)
        #expect(hours.map(\.start) == [hour + -3600, hour, hour + 3600])
        #expect(hours.map { $0.figures[.contacts] } == [100, 6, 200])
        #expect(hours[1].figures[.lookups] == 18 && hours[1].figures[.loopLagMilliseconds] == 9)
        #expect(try archive.samples(.hour, from: hour, to: .start + 7200, limit: 1).map(\.start) == [hour])
    }

    @Test func aDayIsMadeOfItsHours() throws {
        let archive = try Folder().openKept()
        let day = Instant(nanoseconds: hour.nanoseconds - hour.nanoseconds % 86_400_000_000_000)
        for (hour, contacts) in [(-1, 100), (0, 4), (5, 5), (23, 9), (24, 200)] {
            try sample(
                archive, [.contacts: contacts, .lookups: contacts, .loopLagMilliseconds: contacts],
                at: day + 3600 * hour)
        }
        let days = try archive.days(from: day + -86_400, to: day + 2 * 86_400, limit: 9)
        #expect(days.map(\.start) == [day + -86_400, day, day + 86_400])
        #expect(days.map { $0.figures[.contacts] } == [100, 6, 200])
        #expect(days[1].figures[.lookups] == 18 && days[1].figures[.loopLagMilliseconds] == 9)
        #expect(try archive.days(from: day, to: day + 86_400, limit: 9).map(\.start) == [day])
        #expect(try archive.days(from: day + -86_400, to: day + 86_400, limit: 1).count == 1)
    }

    @Test func aMinuteThatComesTwiceHasItsLaterSample() throws {
        let archive = try Folder().openKept()
        try sample(archive, [.changes: 1], at: hour + 5)
        try sample(archive, [.changes: 2], at: hour + 1)
        #expect(
            try archive.samples(.minute, from: hour, to: hour + 60, limit: 9).map { $0.figures[.changes] } == [2])
        #expect(try archive.samples(.hour, from: hour, to: hour + 60, limit: 9).map { $0.figures[.changes] } == [2])
    }

    @Test func samplesGoByTheirAgeOnlyWhileTheClockIsSteady() throws {
        let archive = try Folder().openKept()
        try sample(archive, [:], at: hour)
        let later = hour + SampleSpan.minute.kept + .seconds(3600)
        try archive.add([:], at: later, clockIsSteady: false)
        #expect(try archive.samples(.minute, from: .distantPast, to: later + 60, limit: 9).count == 2)
        try sample(archive, [:], at: later)
        #expect(try archive.samples(.minute, from: .distantPast, to: later + 60, limit: 9).map(\.start) == [later])
        #expect(try archive.samples(.hour, from: .distantPast, to: later + 60, limit: 9).count == 2)
    }

    @Test func aRestlessClockDoesNotFillTheTable() throws {
        let archive = try Folder().openKept()
        let count = SampleSpan.minute.countMax
        let columns = HistoryFigure.allCases.map(\.rawValue).joined(separator: ", ")
        try archive.index.write { database in
            try database.execute(
                sql: """
                    WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number LIMIT ?)
                    INSERT INTO samples (span, started_at, \(columns))
                    SELECT 60, n * 60000000000, \(HistoryFigure.allCases.map { _ in "0" }.joined(separator: ", "))
                    FROM number
                    """, arguments: [count + 50])
        }
        try archive.add([:], at: hour, clockIsSteady: false)
        #expect(try archive.samples(.minute, from: .distantPast, to: hour + 60, limit: .max).count == count)
    }

    @Test func eventsArePagedFromTheNewest() throws {
        let archive = try Folder().openKept()
        for number in 0..<5 { try archive.note(.clockStep, "step \(number)", at: .start + -number) }
        try archive.note(.alertRaised, code: "cut_off", "Cut off.", at: .start)
        let first = try archive.events(limit: 2)
        #expect(first.map(\.text) == ["Cut off.", "step 4"] && first[0].code == "cut_off" && first[1].code == nil)
        let second = try archive.events(before: first[1].number, limit: 9)
        #expect(second.map(\.text) == ["step 3", "step 2", "step 1", "step 0"])
    }

    @Test func manyEventsOfOneKindLeaveTheOthers() throws {
        let archive = try Folder().openKept()
        try archive.note(.restored, "Restored.", at: .start)
        let events = (0..<(Index.eventsPerKindMax + 5)).map {
            StoredEvent(number: 0, at: .start, kind: .damageFound, code: nil, text: "\($0)")
        }
        try archive.index.note(events)
        let kept = try archive.events(limit: .max)
        #expect(kept.count == Index.eventsPerKindMax + 1 && kept.last?.kind == .restored)
        #expect(kept.first?.text == "\(events.count - 1)")
    }

    @Test func anEndWithoutAStopIsUnclean() throws {
        let archive = try Folder().openKept()
        #expect(try archive.uncleanEnd() == nil, "a new archive")
        try archive.note(.started, "Started.", at: .start)
        #expect(try archive.uncleanEnd() == .start)
        try archive.add([:], at: hour + 7200, clockIsSteady: true)
        #expect(try archive.uncleanEnd() == hour + 7200)
        try archive.note(.addressChanged, "Seen elsewhere.", at: .start)
        try archive.note(.stopped, "Stopped.", at: .start)
        #expect(try archive.uncleanEnd() == nil)
        // A backup was made while the node ran.
        try archive.note(.started, "Started.", at: .start)
        try archive.note(.restored, "Restored.", at: .start)
        #expect(try archive.uncleanEnd() == nil)
    }

    @Test func historyOutlivesARebuildOfTheIndex() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.signed("x", version: 1))
        try archive.note(.started, "Started.", at: .start)
        try sample(archive, [.contacts: 7], at: hour)
        try archive.followToEnd()
        try archive.rebuildIndex(because: "a test")
        try archive.followToEnd()
        #expect(try archive.events(limit: 9).map(\.text) == ["Started."])
        #expect(try archive.samples(.minute, from: hour, to: hour + 60, limit: 9).count == 1)
        archive.close()
    }

    @Test func historyIsReadFromADamagedIndex() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.signed("x", version: 1))
        for number in 0..<3 { try archive.note(.clockStep, "step \(number)", at: .start) }
        try sample(archive, [.contacts: 7], at: hour)
        try archive.followToEnd()
        archive.close()
        // A number where the position has the archive's id: the file opens, and makes no sense.
        let queue = try DatabaseQueue(path: folder.index)
        try queue.write { database in
            try database.execute(
                sql: """
                    PRAGMA writable_schema = ON;
                    UPDATE sqlite_schema SET sql = replace(sql, 'archive_id BLOB NOT NULL', 'archive_id ANY')
                    WHERE name = 'position';
                    """)
        }
        try queue.close()
        let reopened = try DatabaseQueue(path: folder.index)
        try reopened.write { try $0.execute(sql: "UPDATE position SET archive_id = 5") }
        try reopened.close()
        var progress: [ArchiveProgress] = []
        let mended = try folder.open { progress.append($0) }
        #expect(progress.contains(.indexMovedAside(path: folder.index + ".damaged")))
        #expect(try mended.events(limit: 9).map(\.text) == ["step 2", "step 1", "step 0"])
        #expect(try mended.samples(.minute, from: hour, to: hour + 60, limit: 9).first?.figures[.contacts] == 7)
        try mended.followToEnd()
        #expect(try mended.indexDifferences().isEmpty)
        mended.close()
    }

    @Test func pinnedKeysAreCountedByTheirReplicas() throws {
        let archive = try Folder().openKept()
        let targets = (0..<4).map { Target(hashing: "\($0)") }
        _ = try archive.commit(targets.map { .pin(.key($0)) }, at: .start)
        let replica = NodeInfo(address: Sample.address, publicKey: Sample.key.publicKey)
        let results = [0, 2, 3].enumerated().map { place, count in
            RepublishResult(
                target: targets[place], outcome: count > 0 ? .stored : .unanswered,
                holders: Array(repeating: replica, count: count), retryAt: nil,
                sought: RepublishResult.Sought(answered: 8, found: count))
        }
        try archive.note(results, at: .start)
        // There can be no replica of what is no value: nobody has to be warned.
        var counted = PinnedReplicas()
        (counted.few, counted.enough, counted.unknown) = (1, 1, 2)
        #expect(try archive.pinnedReplicas(wanted: 3) == counted)
        try archive.store(try Sample.signed("x", version: 1), under: targets[0])
        let replicas = try archive.pinnedReplicas(wanted: 3)
        let counts = [replicas.none, replicas.few, replicas.enough, replicas.unknown]
        #expect(counts.allSatisfy { $0 == 1 })
    }
}
