internal import GRDB
package import IPv8
package import Maintenance

/// A bucket of the routing table, as it was when the contacts were saved.
package struct KnownBucket: Hashable, Sendable {
    package var bucket: BucketReport
    package var savedAt: Instant
}

/// What only the index knows.
extension ArchiveReader {
    /// The contacts that were saved, those that answered last first; rows that make no sense are left out. They are as
    /// many as a routing table holds.
    package func contacts() throws(ArchiveError) -> [KnownContact] {
        try askedIndex().read { database in
            try KnownContact.fetchAll(database)
        }
    }

    /// The buckets that were saved, by family and prefix; rows that make no sense are left out.
    package func buckets() throws(ArchiveError) -> [KnownBucket] {
        try askedIndex().read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT family, prefix, contacts, last_changed, saved_at FROM buckets ORDER BY family, prefix")
            return try rows.compactMap { row in
                guard let family = AddressFamily(rawValue: try row.sound(0)) else { return nil }
                let bucket = BucketReport(
                    family: family, prefix: try row.sound(1), contactCount: try row.sound(2),
                    lastChanged: Instant(nanoseconds: try row.sound(3)))
                return KnownBucket(bucket: bucket, savedAt: Instant(nanoseconds: try row.sound(4)))
            }
        }
    }

    /// The index, where it belongs to this archive.
    func askedIndex() throws(ArchiveError) -> ReadOnlyIndex {
        guard let index else { throw .index(detail: indexFailure ?? "there is none") }
        guard let position = try index.position() else { return index }
        guard position.archiveID == archiveID else { throw .index(detail: "it belongs to another archive") }
        return index
    }
}
