internal import GRDB

/// Reading what may be damaged: SQLite's pages carry no checksums, so a flipped bit can make a number of a text. GRDB's
/// subscripts would end the process there; these throw what a damaged file throws.
extension Row {
    /// The value of a column that is never NULL.
    func sound<Value: DatabaseValueConvertible>(_ column: Int) throws -> Value {
        guard let value = Value.fromDatabaseValue(self[column] as DatabaseValue) else { throw Row.damage }
        return value
    }

    /// The value of a column that may be NULL.
    func soundIfPresent<Value: DatabaseValueConvertible>(_ column: Int) throws -> Value? {
        let stored: DatabaseValue = self[column]
        if stored.isNull { return nil }
        guard let value = Value.fromDatabaseValue(stored) else { throw Row.damage }
        return value
    }

    private static var damage: DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a value has the wrong type")
    }
}
