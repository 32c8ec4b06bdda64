public import IPv8

extension Archive {
    /// Keeps these contacts in the index, and no others.
    public func saveContacts(_ contacts: [StoredContact], at now: Instant) throws(ArchiveError) {
        try index.save(contacts, at: now)
    }

    /// The contacts that were last kept, those that answered last first; none after the index was lost.
    public func contacts() throws(ArchiveError) -> [StoredContact] { try index.contacts() }
}
