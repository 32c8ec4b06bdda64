internal import Foundation
internal import GRDB
package import IPv8

/// Which identity an archive belongs to.
package struct ArchiveOwner: Hashable, Sendable {
    package var mid: Mid
    /// Whether what was published under the key before is still to be published under this one.
    package var isNew: Bool

    package init(mid: Mid, isNew: Bool) { (self.mid, self.isNew) = (mid, isNew) }
}

extension Archive {
    /// The identity that the archive belongs to; `nil` if nobody has said, as before the first start.
    package func owner() throws(ArchiveError) -> ArchiveOwner? {
        try index.read { database in
            guard let row = try Row.fetchOne(database, sql: "SELECT mid, is_new FROM identity"),
                let bits = Bits160(try row.sound(0) as Data)
            else { return nil }
            return ArchiveOwner(mid: Mid(bits: bits), isNew: try row.sound(1) as Int != 0)
        }
    }

    /// Gives the archive to an identity.
    package func give(to owner: ArchiveOwner, at now: Instant) throws(ArchiveError) {
        try index.write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO identity VALUES (1, ?, ?, ?)",
                arguments: [owner.mid.blob, now.nanoseconds, owner.isNew ? 1 : 0])
        }
    }
}
