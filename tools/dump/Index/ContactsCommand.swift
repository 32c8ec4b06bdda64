internal import Archive
internal import ArgumentParser
internal import Console
internal import IPv8
internal import Kademlia
internal import Maintenance

/// `bristlecone-dump contacts`
struct ContactsCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "contacts",
        abstract: "List the nodes that the node contacts after a restart.",
        discussion: """
            The nodes that answered last come first. A running node saves its contacts every few minutes and when it \
            stops; "bristlecone status" shows the current ones.

            For example:

              bristlecone-dump contacts ./data
              bristlecone-dump contacts --json ./data | jq -r .address
            """)

    @OptionGroup var options: DumpOptions

    mutating func run() throws {
        let now = DumpOptions.now
        let contacts = try options.open().contacts()
        let terminal = OutputOptions.terminal
        let table = ColumnTable(KnownContact.columns(on: terminal), on: terminal)
        var writer = RowWriter()
        for contact in contacts {
            if writer.count == 0, !options.json { try writer.add(table.header) }
            try writer.add(options.json ? contact.json.text : table.row(contact.cells(on: terminal, at: now)))
        }
        try writer.flush()
        if contacts.isEmpty {
            Output.complain("bristlecone-dump: No contacts are saved in \(options.folder).")
        }
    }
}

/// `bristlecone-dump buckets`
struct BucketsCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "buckets",
        abstract: "List the buckets of the routing table, as they were last saved.",
        discussion: """
            The leading bits that the node ids in a bucket share are its name.

            For example:

              bristlecone-dump buckets ./data
            """)

    @OptionGroup var options: DumpOptions

    mutating func run() throws {
        let now = DumpOptions.now
        let reader = try options.open()
        let (buckets, contacts) = (try reader.buckets(), try reader.contacts())
        let terminal = OutputOptions.terminal
        let table = ColumnTable(KnownBucket.columns(on: terminal), on: terminal)
        var writer = RowWriter()
        for bucket in buckets {
            if writer.count == 0, !options.json { try writer.add(table.header) }
            let members = contacts.filter { bucket.holds($0.nodeID, of: $0.contact.address.family) }
            try writer.add(
                options.json ? bucket.json(members).text : table.row(bucket.cells(members, on: terminal, at: now)))
        }
        try writer.flush()
        if buckets.isEmpty {
            Output.complain("bristlecone-dump: No buckets are saved in \(options.folder).")
        }
    }
}

extension KnownContact {
    /// The contact's position in the key space.
    fileprivate var nodeID: NodeID { NodeID(host: contact.address.host, mid: contact.publicKey.mid) }

    fileprivate var json: JSON {
        .object([
            "mid": .string(contact.publicKey.mid.description), "node_id": .string(nodeID.description),
            "address": .string(contact.address.description), "public_key": .string(Hex.encode(contact.publicKey.bytes)),
            "level": .string(contact.publicKey.level.rawValue),
            "first_seen": .string(Words.moment(contact.firstSeen)),
            "last_response": JSON(contact.lastResponse.map(Words.moment)), "saved_at": .string(Words.moment(savedAt)),
        ])
    }

    fileprivate static func columns(on terminal: Terminal) -> [ColumnTable.Column] {
        let digits = terminal.digitsWidth(40)
        return [
            .init("mid", digits), .init("address", 21), .init("last response", terminal.momentWidth),
            .init("first seen", terminal.momentWidth), .init("node id", digits), .init("key", 0),
        ]
    }

    fileprivate func cells(on terminal: Terminal, at now: Instant) -> [ColumnTable.Cell] {
        [
            .strong(terminal.digits(contact.publicKey.mid)), .init(contact.address.description),
            contact.lastResponse.map { .init(terminal.column($0, at: now)) } ?? .faint("never"),
            .init(terminal.column(contact.firstSeen, at: now)), .init(terminal.digits(nodeID)),
            .init(contact.publicKey.level.rawValue),
        ]
    }
}

extension KnownBucket {
    /// Whether a node id of this family belongs in the bucket.
    fileprivate func holds(_ id: NodeID, of family: AddressFamily) -> Bool {
        guard family == bucket.family, bucket.prefix.count <= Bits160.bitCount else { return false }
        return bucket.prefix.enumerated().allSatisfy { place, bit in id.bits[bit: place] == (bit == "1") }
    }

    fileprivate func json(_ members: [KnownContact]) -> JSON {
        .object([
            "family": .string(bucket.family.rawValue), "prefix": .string(bucket.prefix),
            "contacts": JSON(bucket.contactCount), "last_changed": .string(Words.moment(bucket.lastChanged)),
            "saved_at": .string(Words.moment(savedAt)),
            "mids": .array(members.map { .string($0.contact.publicKey.mid.description) }),
        ])
    }

    fileprivate static func columns(on terminal: Terminal) -> [ColumnTable.Column] {
        [
            .init("family", 6), .init("prefix", 20), .init("contacts", 8, isRight: true),
            .init("last changed", terminal.momentWidth), .init("known contacts", 0),
        ]
    }

    fileprivate func cells(
        _ members: [KnownContact], on terminal: Terminal, at now: Instant
    ) -> [ColumnTable.Cell] {
        [
            .init(bucket.family.rawValue), .strong(bucket.prefix.isEmpty ? "(all)" : bucket.prefix),
            .init("\(bucket.contactCount)"), .init(terminal.column(bucket.lastChanged, at: now)),
            .faint(members.map { terminal.digits($0.contact.publicKey.mid) }.joined(separator: " ")),
        ]
    }
}
