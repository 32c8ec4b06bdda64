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

    /// Takes a file back to what the steps before the fifth one made.
    private func makeOlder(_ folder: Folder) throws {
        let queue = try DatabaseQueue(path: folder.index)
        try queue.write { database in
            try database.execute(
                sql: """
                    DROP TABLE column_notes; DROP TABLE samples; DROP TABLE notable_events; DROP TABLE bans; DROP TABLE identity; PRAGMA application_id = 0; PRAGMA user_version = 0;
                    DELETE FROM grdb_migrations WHERE identifier > 'V005';
                    """)
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
                    SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
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
        let archive = try folder.open()
        #expect(try archive.follow().rebuildReason == nil)
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

    private func placeFixture(schema: Int = 6, in folder: Folder) throws {
        try FileManager.default.removeItem(atPath: folder.index)
        let fixtures = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        try FileManager.default.copyItem(
            atPath: fixtures.path + "/schema-\(schema)/index.sqlite", toPath: folder.index)
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
