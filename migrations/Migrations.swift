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

    private static var steps: [(String, [UInt8])] {
        [
            ("V001_index", PackageResources.V001_index_sql),
            ("V002_scrub", PackageResources.V002_scrub_sql),
            ("V003_upkeep", PackageResources.V003_upkeep_sql),
            ("V004_read_at", PackageResources.V004_read_at_sql),
        ]
    }
}
