import Foundation
import GRDB
import IPv8
import Migrations
import Testing

@testable import Archive

/// What the index says about itself to somebody who opens it with SQLite alone, and how one of an older schema fares.
@Suite struct IndexSchemaTests {
    private func makeFolder() throws -> Folder {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.signed("x", version: 1))
        try archive.followToEnd()
        archive.close()
        return folder
    }

    /// Puts a file in its place as the first four steps made it, without rows.
    private func makeOlder(_ folder: Folder) throws {
        let position = try DatabaseQueue(path: folder.index).read { try IndexPosition.fetch($0) }
        try folder.removeIndex()
        let queue = try DatabaseQueue(path: folder.index)
        try Migrations.migrator.migrate(queue, upTo: "V004_read_at")
        try queue.write { database in
            let archiveID = Data(try #require(position).archiveID)
            try database.execute(
                sql: "INSERT INTO position VALUES (1, ?, 1, x'0000000000000000', NULL, 0, '', NULL, NULL)",
                arguments: [archiveID])
        }
        try queue.close()
    }

    private func number(_ database: Database, _ sql: String) throws -> Int? { try Int.fetchOne(database, sql: sql) }

    private func expectDescribed(_ folder: Folder) throws {
        try DatabaseQueue(path: folder.index).read { database in
            #expect(try number(database, "PRAGMA application_id") == Migrations.applicationID)
            let steps = try Migrations.migrator.appliedIdentifiers(database)
            #expect(try number(database, "PRAGMA user_version") == steps.count)
        }
    }

    @Test func fileNamesItsApplicationAndItsSchema() throws { try expectDescribed(try makeFolder()) }

    @Test func everyColumnHasANote() throws {
        let folder = try makeFolder()
        try DatabaseQueue(path: folder.index).read { database in
            let columns = try String.fetchSet(
                database,
                sql: """
                    SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c
                    WHERE t.type = 'table' AND t.name <> 'grdb_migrations'
                    """)
            let notes = try String.fetchAll(
                database, sql: "SELECT table_name || '.' || column_name FROM column_notes")
            #expect(Set(notes) == columns)
            #expect(notes.count == columns.count, "no column has two notes")
            let times = try String.fetchAll(
                database,
                sql: "SELECT unit FROM column_notes WHERE column_name LIKE '%\\_at' ESCAPE '\\'")
            #expect(Set(times) == ["nanoseconds since 1970-01-01T00:00:00Z"])
        }
    }

    @Test func olderSchemaIsReadAsItIsAndBroughtForwardByANode() throws {
        let folder = try makeFolder()
        try makeOlder(folder)
        let before = try folder.bytes(folder.index)
        let index = try ReadOnlyIndex(path: folder.index, isShared: false)
        #expect(try index.position()?.last.number == 1)
        #expect(try folder.bytes(folder.index) == before)
        var reasons: [String] = []
        let archive = try folder.open { if case .indexRebuild(let reason) = $0 { reasons.append(reason) } }
        #expect(reasons == ["its schema has changed"])
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
        archive.close()
        try expectDescribed(folder)
    }

    /// The samples and events of the fixture, which a node with schema 6 wrote.
    private func expectHistoryOfFixture(_ archive: Archive) throws {
        let hour = Instant(nanoseconds: 1_795_921_200_000_000_000)
        let samples = try archive.samples(.hour, from: hour, to: hour + 1, limit: 9)
        #expect(samples.map { $0.figures[.memoryBytes] } == [37_507_072])
        #expect(samples.map { $0.figures[.findRequests] } == [0])
        #expect(try archive.events(limit: 9).map(\.kind) == [.stopped, .started])
    }

    private func placeFixture(_ name: String = "index.sqlite", schema: Int = 6, in folder: Folder) throws {
        try? FileManager.default.removeItem(atPath: folder.path + "/" + name)
        let fixtures = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        try FileManager.default.copyItem(
            atPath: fixtures.path + "/schema-\(schema)/" + name, toPath: folder.path + "/" + name)
    }

    /// The archive and the index that a node with schema 9 wrote: three signed values that a scrub has read again, and an
    /// unsigned one.
    private func makeFolderOfSchemaNine() throws -> Folder {
        let folder = try Folder()
        for name in ["archive.mdb", "index.sqlite"] { try placeFixture(name, schema: 9, in: folder) }
        return folder
    }

    @Test func aFileOfSchemaNineIsReadAsItIs() throws {
        let folder = try makeFolderOfSchemaNine()
        let reader = try ArchiveReader.open(folder: folder.path)
        let values = try reader.values(of: Target(hashing: "b"))
        #expect(values.map { $0.verification?.by } == ["scrub 2026-11-30T02:22:29Z", nil])
    }

    @Test func aFileOfSchemaNineIsBroughtForwardAndSmaller() throws {
        let folder = try makeFolderOfSchemaNine()
        var reasons: [String] = []
        let archive = try folder.open { if case .indexRebuild(let reason) = $0 { reasons.append(reason) } }
        #expect(reasons == ["its schema has changed"])
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
        let banned = try #require(IPNetwork("192.0.2.0/24"))
        #expect(try archive.bans(at: .start).map(\.network) == [banned])
        #expect(try archive.events(limit: 9).map(\.kind) == [.stopped, .started, .stopped, .started])
        #expect(try archive.scrubState().finishedChecked == 1)
        archive.close()
        try expectDescribed(folder)
        let index = try DatabaseQueue(path: folder.index)
        #expect(try index.read { try number($0, "SELECT count(*) FROM entries") } == 4)
        #expect(try index.read { try number($0, "PRAGMA freelist_count") } == 0)
    }

    @Test func historyOfSchemaSixIsKept() throws {
        let folder = try makeFolder()
        try placeFixture(in: folder)
        let archive = try folder.open()
        try archive.followToEnd()
        try expectHistoryOfFixture(archive)
        archive.close()
        try expectDescribed(folder)
    }

    @Test func aFileOfSchemaSevenTakesBans() throws {
        let folder = try makeFolder()
        try placeFixture(schema: 7, in: folder)
        let ban = Ban(try #require(IPNetwork("192.0.2.0/24")), since: .start, until: .start + 60)
        let other = Ban(try #require(IPNetwork("2001:db8::1")), since: .start, until: nil)
        let archive = try folder.open()
        try expectHistoryOfFixture(archive)
        #expect(try archive.bans(at: .start).isEmpty)
        let change = try archive.changeBans(
            adding: [ban, other, ban], removing: [IPNetwork(.v4(1))], at: .start, countMax: 2)
        #expect(change == BanChange(added: 2, removed: 0, unchanged: 2, bans: [ban, other]))
        let third = Ban(IPNetwork(.v4(3)), since: .start, until: nil)
        #expect(try archive.changeBans(adding: [third], removing: [], at: .start, countMax: 2) == nil)
        archive.close()
        try expectDescribed(folder)
        let reopened = try folder.open()
        #expect(try reopened.bans(at: .start + 59) == [ban, other])
        #expect(try reopened.bans(at: .start + 60) == [other])
        reopened.close()
    }

    @Test func bansOfAnotherArchiveAreNotTaken() throws {
        let (folder, other) = (try makeFolder(), try makeFolder())
        for (place, network) in [(folder, "192.0.2.0/24"), (other, "198.51.100.0/24")] {
            let archive = try place.open()
            let ban = Ban(try #require(IPNetwork(network)), since: .start, until: nil)
            _ = try archive.changeBans(adding: [ban], removing: [], at: .start, countMax: 9)
            try archive.give(to: ArchiveOwner(mid: Sample.key.publicKey.mid, isNew: false), at: .start)
            archive.close()
        }
        try FileManager.default.removeItem(atPath: folder.index)
        try FileManager.default.copyItem(atPath: other.index, toPath: folder.index)
        let archive = try folder.open()
        #expect(try archive.bans(at: .start).isEmpty)
        #expect(try archive.owner() == nil)
        archive.close()
        #expect(FileManager.default.fileExists(atPath: folder.index + ".damaged"))
    }

    @Test func bansComeBackIntoAnIndexThatWasLostWhileTheNodeRan() throws {
        let folder = try makeFolder()
        let bans = [Ban(try #require(IPNetwork("192.0.2.0/24")), since: .start, until: nil)]
        var archive = try folder.open()
        _ = try archive.changeBans(adding: bans, removing: [], at: .start, countMax: 9)
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: folder.index + suffix) }
        #expect(archive.reopenLostIndex())
        #expect(try archive.bans(at: .start) == bans)
        let later = Ban(try #require(IPNetwork("198.51.100.0/24")), since: .start, until: nil)
        #expect(try archive.changeBans(adding: [later], removing: [], at: .start, countMax: 9)?.bans == bans + [later])
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: folder.index + suffix) }
        #expect(archive.reopenLostIndex())
        try archive.followToEnd()
        archive.close()
        archive = try folder.open()
        #expect(try archive.bans(at: .start) == bans + [later])
        archive.close()
    }

    @Test func bansSurviveADamagedIndex() throws {
        let folder = try makeFolder()
        let ban = Ban(try #require(IPNetwork("192.0.2.0/24")), since: .start, until: nil)
        let archive = try folder.open()
        _ = try archive.changeBans(adding: [ban], removing: [], at: .start, countMax: 9)
        archive.close()
        let queue = try DatabaseQueue(path: folder.index)
        try queue.write { try $0.execute(sql: "DELETE FROM grdb_migrations WHERE identifier >= 'V008'") }
        try queue.close()
        let reopened = try folder.open()
        #expect(try reopened.bans(at: .start) == [ban])
        reopened.close()
    }

    @Test func historyIsReadFromADamagedFileOfSchemaSix() throws {
        let folder = try makeFolder()
        try placeFixture(in: folder)
        // The step to the next schema meets a table that it wants to make, so the file cannot be brought forward.
        let queue = try DatabaseQueue(path: folder.index)
        try queue.write { try $0.execute(sql: "CREATE TABLE notes (nonsense TEXT)") }
        try queue.close()
        let archive = try folder.open()
        try archive.followToEnd()
        try expectHistoryOfFixture(archive)
        archive.close()
        try expectDescribed(folder)
    }
}
