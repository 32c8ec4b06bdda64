internal import Foundation
internal import GRDB
package import IPv8

/// A contact as the index has it, which a node asks after a restart.
package struct KnownContact: Hashable, Sendable {
    /// Who and where it is, and when it answered.
    package var contact: StoredContact
    /// When it was written down.
    package var savedAt: Instant
}

/// A bucket of the routing table, as it was when the contacts were saved.
package struct KnownBucket: Hashable, Sendable {
    /// The address family of its table.
    package var family: String
    /// The leading bits that its ids share, as `0` and `1`.
    package var prefix: String
    /// How many contacts were in it.
    package var contacts: Int
    /// When it last changed.
    package var lastChanged: Instant
    /// When it was written down.
    package var savedAt: Instant
}

/// What only the index knows.
extension ArchiveReader {
    /// The contacts that were saved, those that answered last first; rows that make no sense are left out. They are as
    /// many as a routing table holds.
    package func contacts() throws(ArchiveError) -> [KnownContact] {
        try askedIndex().read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT public_key, address, first_seen, last_response, saved_at FROM contacts
                    ORDER BY last_response DESC, mid, address
                    """)
            return try rows.compactMap { row -> KnownContact? in
                guard let publicKey = PublicKey(bytes: Array(try row.sound(0) as Data)),
                    let address = Address(try row.sound(1) as String)
                else { return nil }
                let contact = StoredContact(
                    publicKey: publicKey, address: address, firstSeen: Instant(nanoseconds: try row.sound(2)),
                    lastResponse: try row.soundIfPresent(3).map { Instant(nanoseconds: $0) })
                return KnownContact(contact: contact, savedAt: Instant(nanoseconds: try row.sound(4)))
            }
        }
    }

    /// The buckets that were saved, by family and prefix.
    package func buckets() throws(ArchiveError) -> [KnownBucket] {
        try askedIndex().read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT family, prefix, contacts, last_changed, saved_at FROM buckets ORDER BY family, prefix"
            ).map { row in
                KnownBucket(
                    family: try row.sound(0), prefix: try row.sound(1), contacts: try row.sound(2),
                    lastChanged: Instant(nanoseconds: try row.sound(3)),
                    savedAt: Instant(nanoseconds: try row.sound(4)))
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
