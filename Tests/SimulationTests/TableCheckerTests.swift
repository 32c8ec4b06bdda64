import IPv8
import Kademlia
import Maintenance
import Testing

@testable import DHTCore
@testable import Simulation

/// The checker of routing tables sees each kind of fault: tables that are sound, with one thing in them changed.
@Suite struct TableCheckerTests {
    private let checker = TableChecker()
    private let own = Address(host: .v4(0x5B0C_0001), port: 8090)
    private let now = Instant(seconds: 1_700_000_000)

    /// What the checker is shown of a table.
    private struct Table {
        var ownID: NodeID
        var buckets: [[Contact]]
        var prefixes: [String]
        var answered: Set<TableChecker.Answerer>
        var bucketCount: Int

        init(_ endpoint: EndpointSnapshot, _ reports: [BucketReport]) {
            var left = endpoint.contacts[...]
            buckets = reports.map { report in
                defer { left = left.dropFirst(report.contactCount) }
                return Array(left.prefix(report.contactCount))
            }
            ownID = endpoint.nodeID
            prefixes = reports.map(\.prefix)
            answered = Set(endpoint.contacts.map(Table.answerer))
            bucketCount = endpoint.bucketCount
        }

        /// Contacts of one network, in the buckets of a table that they belong into.
        init(around ownID: NodeID, _ buckets: [[Contact]]) {
            self.ownID = ownID
            self.buckets = buckets
            prefixes = buckets.indices.map {
                NodePlace.prefix(ofBucket: $0, isLast: $0 == buckets.count - 1, around: ownID.bits)
            }
            answered = Set(buckets.joined().map(Table.answerer))
            bucketCount = buckets.count
        }

        static func answerer(_ contact: Contact) -> TableChecker.Answerer {
            TableChecker.Answerer(host: contact.node.address.host, mid: contact.node.publicKey.mid)
        }
    }

    private func faults(in table: Table, limitsLocal: Bool = false) -> [String] {
        let endpoint = EndpointSnapshot(
            listenAddress: own, externalAddress: own, nodeID: table.ownID, contacts: Array(table.buckets.joined()),
            bucketCount: table.bucketCount)
        let reports = zip(table.prefixes, table.buckets).map { prefix, contacts in
            BucketReport(family: .ipv4, prefix: prefix, contactCount: contacts.count, lastChanged: now)
        }
        return checker.faults(in: endpoint, reports, table.answered, limitsLocal: limitsLocal)
    }

    /// A node of an overlay of fourteen, which has parted its first bucket.
    private func node() throws -> DHTCore.Node {
        var settings = NodeSettings()
        settings.signatures = .modelled
        let world = World(seed: 5, settings: settings)
        world.addNodes(14, spacing: .milliseconds(100))
        world.run(for: .seconds(30))
        return try #require(world.machines[3].host?.node)
    }

    private func soundTable() throws -> Table {
        let node = try node()
        let table = Table(try #require(node.endpoints.first), node.bucketReports)
        try #require(table.buckets.count >= 2 && table.buckets.allSatisfy { !$0.isEmpty })
        return table
    }

    private func contact(at host: UInt32, _ number: UInt64) -> Contact {
        let address = Address(host: .v4(host), port: 8090)
        return Contact(
            NodeInfo(address: address, publicKey: Identity(number: number, .modelled).publicKey), answeredAt: now)
    }

    @Test func aTableThatIsSoundHasNoFault() throws {
        #expect(try faults(in: soundTable()).isEmpty)
        #expect(checker.faults(in: try node().usages).isEmpty)
    }

    @Test func aContactInTheWrongBucketIsNoticed() throws {
        var table = try soundTable()
        let moved = table.buckets[0].removeLast()
        table.buckets[1].append(moved)
        #expect(faults(in: table).contains { $0.contains("in bucket 1") })
    }

    @Test func aContactThatIsThereTwiceIsNoticed() throws {
        var table = try soundTable()
        table.buckets[0][0] = table.buckets[0][1]
        #expect(faults(in: table).contains { $0.contains("twice") })
    }

    @Test func aNodeThatIsItsOwnContactIsNoticed() throws {
        var table = try soundTable()
        let first = table.buckets[0][0].node
        table.ownID = NodeID(host: first.address.host, mid: first.publicKey.mid)
        #expect(faults(in: table).contains { $0.contains("of its own") })
    }

    @Test func aContactThatNeverAnsweredIsNoticed() throws {
        var table = try soundTable()
        table.answered.remove(Table.answerer(table.buckets[0][0]))
        #expect(faults(in: table).count { $0.contains("never answered") } == 1)
    }

    @Test func bucketsThatDoNotPartTheKeySpaceAreNoticed() throws {
        var table = try soundTable()
        table.prefixes[0] = table.prefixes[0] == "0" ? "1" : "0"
        #expect(faults(in: table).contains { $0.contains("in the place of") })
        table = try soundTable()
        table.bucketCount += 1
        #expect(faults(in: table).contains { $0.contains("tells of") })
    }

    @Test(arguments: [(8, false), (9, true)]) func aBucketThatIsTooFullIsNoticed(count: Int, isFault: Bool) {
        let contacts = (0..<count).map { contact(at: UInt32($0 + 20) << 24, UInt64($0)) }
        let table = Table(around: NodeID(bits: Bits160(high: 1, middle: 2, low: 3)), [contacts])
        #expect(faults(in: table).contains { $0.contains("\(count) contacts in a bucket") } == isFault)
    }

    /// In a local network it is no fault, unless those are limited too.
    @Test(arguments: [
        (2, 0x5B0C_2200, false, false), (3, 0x5B0C_2200, false, true), (3, 0x0A01_0200, false, false),
        (3, 0x0A01_0200, true, true),
    ]) func aNetworkWithMoreThanItsShareOfABucketIsNoticed(
        count: Int, network: UInt32, limitsLocal: Bool, isFault: Bool
    ) {
        let contacts = (0..<count).map { contact(at: network + UInt32($0), UInt64($0)) }
        let table = Table(around: NodeID(bits: Bits160(high: 1, middle: 2, low: 3)), [contacts])
        #expect(
            faults(in: table, limitsLocal: limitsLocal)
                == (isFault ? ["has 3 contacts of one network in a bucket"] : []))
    }

    /// Two in each bucket are no fault, but so many buckets are.
    @Test(arguments: [(5, false), (6, true)])
    func aNetworkWithMoreThanItsShareOfTheTableIsNoticed(bucketCount: Int, isFault: Bool) throws {
        let ownID = NodeID(host: own.host, mid: Identity(number: 0, .modelled).publicKey.mid)
        var buckets = [[Contact]](repeating: [], count: bucketCount)
        for number in 1..<256 {
            let contact = contact(at: 0x5B0C_2200 + UInt32(number), UInt64(number))
            let shared = min((contact.id.bits ^ ownID.bits).leadingZeroBitCount, bucketCount - 1)
            if buckets[shared].count < 2 { buckets[shared].append(contact) }
        }
        try #require(buckets.allSatisfy { $0.count == 2 })
        #expect(
            faults(in: Table(around: ownID, buckets))
                == (isFault ? ["has \(2 * bucketCount) contacts of one network"] : []))
    }

    @Test(arguments: TableChecker.bounds.keys.sorted()) func moreThanABoundAllowsIsNoticed(name: String) throws {
        let usages = try node().usages
        let bound = try #require(TableChecker.bounds[name])
        for excess in 0...1 {
            let changed = usages.map { $0.name == name ? Usage(name, bound + excess) : $0 }
            #expect(checker.faults(in: changed).count == excess)
        }
        #expect(checker.faults(in: usages.filter { $0.name != name }).count == 1)
    }

    @Test func whatNobodyKnowsTheBoundOfIsNoticed() throws {
        let usages = try node().usages + [Usage("secrets of others", 0)]
        #expect(checker.faults(in: usages).count == 1)
    }
}
