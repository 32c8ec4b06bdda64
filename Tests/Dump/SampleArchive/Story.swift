import Archive
import IPv8
import Maintenance

/// A small archive's past, told from the beginning. Moments lie half an hour beside full hours, so that ages read the same
/// some minutes later.
struct Story {
    let folder: String
    let now: Instant

    private let alice = Story.key(1)
    private let bob = Story.key(2)
    private let node = Story.key(3)
    private let peer = Provenance.received(
        from: Story.key(4).publicKey.mid, at: Address(host: .v4(0xC000_0207), port: 7759))
    private let otherPeer = Provenance.received(
        from: Story.key(5).publicKey.mid, at: Address(host: .v6(0x2001_0DB8_0001_0000, 1), port: 8090))

    /// A key that is the same every time.
    private static func key(_ number: UInt8) -> PrivateKey {
        let secrets = [UInt8](repeating: number, count: 32) + [UInt8](repeating: number + 63, count: 32)
        guard let key = try? PrivateKey(bytes: Array("LibNaCLSK:".utf8) + secrets) else {
            preconditionFailure("64 bytes are a key")
        }
        return key
    }

    func write() throws {
        let archive = try SampleArchive.archive(folder, moment(-900))
        try long(ago: archive)
        _ = try archive.sweep(at: moment(-30), limit: 10_000)
        try lately(archive)
        try SampleArchive.follow(archive)
        try peers(archive)
        try upkeep(archive)
        archive.close()
    }

    /// So many days from now, and half an hour.
    private func moment(_ days: Int64) -> Instant { now + .seconds(days * 86_400 + (days < 0 ? -1800 : 1800)) }

    private func store(
        _ archive: Archive, _ key: String, _ entry: Entry, at days: Int64, until end: Int64, _ provenance: Provenance
    ) throws {
        let change = StoreChange(
            target: Target(hex: key) ?? Target(hashing: key), entries: [entry], expiresAt: moment(end),
            provenance: provenance)
        _ = try archive.commit([.store(change)], at: moment(days))
    }

    private func signed(_ text: String, _ version: UInt32, by key: PrivateKey) throws -> Entry {
        try Entry(data: Array(text.utf8), version: Version(version), signedBy: key)
    }

    private func unsigned(_ data: [UInt8]) throws -> Entry { try Entry(unsigned: data) }

    /// What has left the archive, or the serving window.
    private func long(ago archive: Archive) throws {
        try store(archive, "forgotten", try signed("long ago", 40, by: bob), at: -800, until: -799, peer)
        try store(archive, "kept", try signed("last winter", 50, by: bob), at: -40, until: -39, peer)
        try store(archive, "greeting", try signed("hello", 100, by: alice), at: -60, until: 2, peer)
        try store(archive, "greeting", try signed("hello again", 200, by: alice), at: -40, until: 2, otherPeer)
    }

    private func lately(_ archive: Archive) throws {
        try store(archive, "greeting", try signed("hello once more", 300, by: alice), at: -10, until: 2, peer)
        try store(archive, "greeting", try unsigned(Array("anybody's".utf8)), at: -1, until: 2, otherPeer)
        try store(
            archive, "\(alice.publicKey.mid)", try signed("my own place", 7, by: alice), at: -5, until: 2, peer)
        try store(archive, "expired", try signed("yesterday's", 60, by: bob), at: -3, until: -2, peer)
        try store(archive, "contradiction", try signed("one", 70, by: bob), at: -4, until: 2, peer)
        try store(archive, "contradiction", try signed("two", 70, by: bob), at: -3, until: 2, otherPeer)
        try store(archive, "binary", try unsigned([0, 255, 27, 91, 51, 49, 109, 10]), at: -2, until: 2, peer)
        try store(
            archive, "text", try unsigned(Array("na\u{EF}ve \"quoted\" \\ 樹".utf8)), at: -2, until: 2, otherPeer)
        try store(archive, "mine", try signed("published", 80, by: node), at: -4, until: 2, .publishedHere)
        let withdrawn = try signed("taken back", 90, by: node)
        try store(archive, "withdrawn", withdrawn, at: -4, until: 2, .publishedHere)
        _ = try archive.commit([.withdraw(Target(hashing: "withdrawn"), withdrawn)], at: moment(-3))
        _ = try archive.commit(
            [
                .pin(.key(Target(hashing: "text"))), .block(.key(Target(hashing: "barred"))),
                .block(.signer(bob.publicKey.mid)),
            ], at: moment(-1))
    }

    private func peers(_ archive: Archive) throws {
        let contacts = [
            contact(4, lastResponse: moment(-2)), contact(5, lastResponse: moment(-1)), contact(6, lastResponse: nil),
        ]
        try archive.saveContacts(contacts, at: moment(-1))
        try archive.saveBuckets(
            [
                BucketReport(family: .ipv4, prefix: "0", contactCount: 2, lastChanged: moment(-2)),
                BucketReport(family: .ipv4, prefix: "1", contactCount: 1, lastChanged: moment(-1)),
            ], at: moment(-1))
    }

    private func upkeep(_ archive: Archive) throws {
        try archive.saveJobs([
            JobReport(
                name: "republish", due: moment(-1), lastRun: moment(-2), lastResult: "2 keys stored",
                budget: "400 packets a second"),
            JobReport(name: "sweep", due: moment(1), lastRun: nil, lastResult: nil, budget: "4,096 records a step"),
        ])
        let holder = NodeInfo(
            address: Address(host: .v4(0xC000_0204), port: 8004), publicKey: Story.key(4).publicKey)
        try archive.note(
            [
                RepublishResult(
                    target: Target(hashing: "mine"), outcome: .stored, holders: [holder], retryAt: nil, sought: nil),
                RepublishResult(
                    target: Target(hashing: "greeting"), outcome: .unanswered, holders: [], retryAt: moment(1),
                    sought: nil),
                RepublishResult(
                    target: Target(hashing: "text"), outcome: .stored, holders: [holder], retryAt: nil,
                    sought: RepublishResult.Sought(answered: 8, found: 3)),
            ], at: moment(-1))
    }

    private func contact(_ number: UInt8, lastResponse: Instant?) -> StoredContact {
        StoredContact(
            publicKey: Story.key(number).publicKey,
            address: Address(host: .v4(0xC000_0200 | UInt32(number)), port: 8000 + UInt16(number)),
            firstSeen: moment(-20), lastResponse: lastResponse)
    }
}
