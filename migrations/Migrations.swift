public import GRDB

/// The schema of the archive's index, as numbered steps. A step that has been shipped never changes; a new one follows.
public enum Migrations {
    /// All steps there are, in order.
    public static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for (name, text) in steps {
            migrator.registerMigration(name) { database in
                try database.execute(sql: String(decoding: text, as: UTF8.self))
            }
        }
        return migrator
    }

    /// How many steps there are.
    public static var count: Int { steps.count }

    /// How many steps a file has behind it, those of newer programs too.
    public static func schema(of database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM grdb_migrations") ?? 0
    }

    /// The last step that readers depend on: those behind it add nothing that is read.
    public static let lastForReading = "V004_read_at"

    /// What SQLite's header names as the file's application: `Btcx`.
    public static let applicationID = 0x4274_6378

    private static var steps: [(String, [UInt8])] {
        [
            ("V001_index", PackageResources.V001_index_sql),
            ("V002_scrub", PackageResources.V002_scrub_sql),
            ("V003_upkeep", PackageResources.V003_upkeep_sql),
            ("V004_read_at", PackageResources.V004_read_at_sql),
            ("V005_self_description", PackageResources.V005_self_description_sql),
            ("V006_history", PackageResources.V006_history_sql),
            ("V007_requests", PackageResources.V007_requests_sql),
            ("V008_bans", PackageResources.V008_bans_sql),
            ("V009_identity", PackageResources.V009_identity_sql),
            ("V010_smaller_rows", PackageResources.V010_smaller_rows_sql),
        ]
    }
}
