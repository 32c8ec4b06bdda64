internal import Foundation
internal import GRDB
public import IPv8

/// A peer that is worth asking after a restart.
public struct StoredContact: Hashable, Sendable {
    public var publicKey: PublicKey
    public var address: Address
    public var firstSeen: Instant
    /// When it last answered; `nil` if it never did.
    public var lastResponse: Instant?

    public init(publicKey: PublicKey, address: Address, firstSeen: Instant, lastResponse: Instant?) {
        self.publicKey = publicKey
        self.address = address
        self.firstSeen = firstSeen
        self.lastResponse = lastResponse
    }
}

extension Archive {
    /// Keeps these contacts in the index, and no others.
    public func saveContacts(_ contacts: [StoredContact], at now: Instant) throws(ArchiveError) {
        try index.save(contacts, at: now)
    }

    /// The contacts that were last kept, those that answered last first; none after the index was lost.
    public func contacts() throws(ArchiveError) -> [StoredContact] { try index.contacts() }
}

extension Index {
    /// Keeps these contacts and no others.
    func save(_ contacts: [StoredContact], at now: Instant) throws(ArchiveError) {
        try write { database in
            try database.execute(sql: "DELETE FROM contacts")
            let statement = try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO contacts VALUES (?, ?, ?, ?, ?, ?)")
            for contact in contacts {
                try statement.execute(arguments: [
                    contact.publicKey.mid.blob, "\(contact.address)", Data(contact.publicKey.bytes),
                    contact.firstSeen.nanoseconds, contact.lastResponse?.nanoseconds, now.nanoseconds,
                ])
            }
        }
    }

    /// The contacts that were saved, those that answered last first; rows that make no sense are left out.
    func contacts() throws(ArchiveError) -> [StoredContact] {
        try read { database in try KnownContact.fetchAll(database).map(\.contact) }
    }
}

/// A contact with the time when it was saved.
package struct KnownContact: Hashable, Sendable {
    package var contact: StoredContact
    package var savedAt: Instant
}

extension KnownContact {
    static func fetchAll(_ database: Database) throws -> [KnownContact] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT public_key, address, first_seen, last_response, saved_at FROM contacts
                ORDER BY last_response DESC, mid, address
                """)
        return try rows.compactMap { row in
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
