import IPv8
import Kademlia
import Testing

@Suite struct RoutingTableTests {
    private let start = Samples.start

    @Test func onlyTheBucketThatTheOwnIDLiesInIsSplit() throws {
        let table = try Samples.table(offering: 2000)
        #expect(table.buckets.count > 5)
        for (number, bucket) in table.buckets.enumerated() {
            #expect(bucket.contacts.count <= Bucket.sizeMax)
            #expect(bucket.replacements.count <= Bucket.sizeMax)
            for contact in bucket.contacts + bucket.replacements {
                let shared = (contact.id.bits ^ table.ownID.bits).leadingZeroBitCount
                #expect(number == table.buckets.count - 1 ? shared >= number : shared == number)
            }
        }
        // All far buckets are full, since there were plenty of nodes for them.
        #expect(table.buckets[0].contacts.count == Bucket.sizeMax)
        #expect(table.buckets[0].replacements.count == Bucket.sizeMax)
    }

    @Test func theClosestAreThoseThatSortingAllWouldGive() throws {
        let table = try Samples.table(around: NodeID(bits: Bits160(high: .max, middle: 1, low: 2)), offering: 2000)
        var generator = TestGenerator(state: 5)
        for _ in 0..<200 {
            let target = Target(bits: Bits160(high: generator.next(), middle: generator.next(), low: 0))
            let sorted = table.contacts.sorted { Distance($0.id, target) < Distance($1.id, target) }
            for count in [1, 8, 20, 1000] {
                #expect(table.closest(to: target, count: count, at: start) == Array(sorted.prefix(count)))
            }
        }
    }

    @Test func aSearchBeginsWithManyNetworks() throws {
        var table = RoutingTable(ownID: NodeID(bits: .zero), createdAt: start)
        // Hosts of many networks, and then three networks with forty hosts each.
        for number in 0..<150 {
            let network = number < 30 ? 3 + number : number % 3
            let middle = UInt32(network &* 40_503 & 0xFFFF)
            let host = IPAddress.v4(UInt32(96 + network % 50) << 24 | middle << 8 | UInt32(number))
            let address = Address(host: host, port: 8090)
            let node = NodeInfo(address: address, publicKey: try Samples.node(number).publicKey)
            table.insert(Contact(node, answeredAt: start))
        }
        let mostOfOneNetwork = { (contacts: [Contact]) in
            Dictionary(grouping: contacts) { NetworkPrefix($0.node.address.host) }.values.map(\.count).max() ?? 0
        }
        var generator = TestGenerator(state: 7)
        var mostAmongClosest = 0
        for round in 0..<100 {
            // Some are far from the owner, some near.
            let target = Target(bits: Bits160(high: generator.next() >> (round % 8), middle: generator.next(), low: 0))
            let closest = table.closest(to: target, count: 8, at: start)
            let seeds = table.seeds(for: target, count: 8, at: start)
            mostAmongClosest = max(mostAmongClosest, mostOfOneNetwork(closest))
            #expect(seeds.count == 8 && seeds.first == closest.first)
            #expect(mostOfOneNetwork(seeds) <= PrefixShare.nodesMax)
        }
        #expect(mostAmongClosest > PrefixShare.nodesMax)
        // Where there are no others, those of one network have to do.
        #expect(table.seeds(for: Target(hashing: "key"), count: 1000, at: start).count == table.count)
    }

    @Test func thoseWhoAreCloserThanTheOwnerAreCounted() throws {
        let own = NodeID(bits: Bits160(high: 0x1234_5678_0000_0000, middle: 1, low: 2))
        let table = try Samples.table(around: own, offering: 2000)
        var generator = TestGenerator(state: 6)
        for _ in 0..<200 {
            let target = Target(bits: Bits160(high: generator.next(), middle: generator.next(), low: 0))
            let closer = table.contacts.filter { Distance($0.id, target) < Distance(own, target) }
            #expect(table.closerCount(to: target, at: start) == closer.count)
        }
        #expect(table.closerCount(to: Target(bits: own.bits), at: start) == 0)
    }

    @Test func aContactIsFoundByItsAddress() throws {
        let table = try Samples.table(offering: 50)
        for contact in table.contacts { #expect(table.contact(at: contact.node.address)?.node == contact.node) }
        #expect(table.contact(at: Address(host: .v4(0x0101_0101), port: 1)) == nil)
    }

    @Test func theAskerIsLeftOutOfTheClosest() throws {
        let table = try Samples.table(offering: 50)
        let target = Target(hashing: "key")
        let asker = try #require(table.closest(to: target, count: 1, at: start).first)
        let others = table.closest(to: target, count: 8, at: start, excluding: asker.id)
        #expect(others.count == 8 && !others.contains { $0.id == asker.id })
    }

    @Test func aGoodContactStaysAndTheNewcomerWaits() throws {
        var table = try Samples.table(offering: 2000)
        let residents = table.buckets[0].contacts
        let newcomer = try #require(
            try (2000..<4000).map { try Samples.contact($0) }.first {
                ($0.id.bits ^ table.ownID.bits).leadingZeroBitCount == 0
            })
        #expect(table.insert(newcomer) == .waiting)
        #expect(table.buckets[0].contacts == residents)
        #expect(table.buckets[0].replacements.last == newcomer)
    }

    @Test func theSecondFailureInARowEvictsAndTheLatestReplacementFollows() throws {
        var table = try Samples.table(offering: 2000)
        let silent = table.buckets[0].contacts[3]
        let replacement = try #require(table.buckets[0].replacements.last)
        #expect(table.recordFailure(of: silent.id, askedAt: start, at: start) == .counted)
        guard case .evicted(let lost, let follower) = table.recordFailure(of: silent.id, askedAt: start, at: start)
        else {
            Issue.record("the contact stayed")
            return
        }
        #expect(lost.id == silent.id && follower == replacement)
        #expect(table.contact(silent.id) == nil && table.contact(replacement.id) != nil)
        #expect(table.buckets[0].contacts.count == Bucket.sizeMax)
        #expect(table.recordFailure(of: silent.id, askedAt: start, at: start) == .unknown)
    }

    @Test func whatIsLostTogetherCountsOnce() throws {
        var table = try Samples.table(offering: 3)
        let contact = try Samples.contact(1)
        let known = start + .seconds(5)
        #expect(table.recordFailure(of: contact.id, askedAt: start, at: known) == .counted)
        #expect(table.recordFailure(of: contact.id, askedAt: start + .seconds(1), at: known + .seconds(1)) == .known)
        #expect(table.contact(contact.id)?.failures == 1)
        let second = table.recordFailure(of: contact.id, askedAt: known, at: known + .seconds(5))
        #expect(second != .known && table.contact(contact.id) == nil)
    }

    @Test func anAnswerInBetweenClearsTheFailures() throws {
        var table = try Samples.table(offering: 3)
        let contact = try Samples.contact(1, at: start + .seconds(60))
        #expect(table.recordFailure(of: contact.id, askedAt: start, at: start + .seconds(5)) == .counted)
        #expect(table.insert(contact) == .updated)
        let again = table.recordFailure(of: contact.id, askedAt: start + .seconds(1), at: start + .seconds(65))
        #expect(again == .counted)
        #expect(table.contact(contact.id)?.lastResponse == start + .seconds(60))
    }

    @Test func aNodeThatAnswersFromAnotherPortIsFollowedThere() throws {
        var table = try Samples.table(offering: 3)
        let moved = Contact(try Samples.node(1, port: 9000), answeredAt: start)
        #expect(table.insert(moved) == .updated)
        #expect(table.contact(moved.id)?.node.address.port == 9000)
        #expect(table.count == 3)
    }

    @Test func oneNetworkHasTwoPlacesInABucketAndTenInAll() throws {
        var table = RoutingTable(ownID: NodeID(bits: .zero), createdAt: start)
        var generator = TestGenerator(state: 9)
        for number in 0..<3000 {
            let host = IPAddress.v4(0x0808_0800 + UInt32.random(in: 1...254, using: &generator))
            let key = try Samples.node(number).publicKey
            let node = NodeInfo(address: Address(host: host, port: 8090), publicKey: key)
            table.insert(Contact(node, answeredAt: start))
        }
        #expect(table.count <= RoutingTable.contactsPerPrefixMax)
        for bucket in table.buckets { #expect(bucket.contacts.count + bucket.replacements.count <= 2) }
        let neighbour = NodeInfo(
            address: Address(host: .v4(0x0808_0901), port: 8090), publicKey: try Samples.node(9000).publicKey)
        #expect(table.insert(Contact(neighbour, answeredAt: start)) == .added)
    }

    @Test func whoWaitsTakesAPlaceOnlyWhileItsNetworkHasNotItsShare() throws {
        let own = NodeID(bits: .zero)
        var table = RoutingTable(ownID: own, createdAt: start)
        func sharedBits(_ contact: Contact) -> Int { (contact.id.bits ^ own.bits).leadingZeroBitCount }
        let others = try (0..<4000).map { try Samples.contact($0) }
        let network = try (0..<1000).map { number in
            let address = Address(host: .v4(0x0808_0800 + UInt32(number % 254)), port: 8090)
            return Contact(NodeInfo(address: address, publicKey: try Samples.node(number).publicKey), answeredAt: start)
        }
        // Nine neighbours have the table split, and the farthest bucket is full of others.
        for contact in others.filter({ sharedBits($0) >= 6 }).prefix(9) { table.insert(contact) }
        let far = others.filter { sharedBits($0) == 0 }.prefix(9)
        for contact in far { table.insert(contact) }
        // Two of the network wait there when others of it come in elsewhere.
        let waiting = network.filter { sharedBits($0) == 0 }.prefix(2)
        for contact in waiting { #expect(table.insert(contact) == .waiting) }
        for contact in network where (1...5).contains(sharedBits(contact)) { table.insert(contact) }
        let prefix = NetworkPrefix(.v4(0x0808_0800))
        func count() -> Int { table.contacts.count { prefix.limits($0.node.address.host) } }
        try #require(count() == RoutingTable.contactsPerPrefixMax)
        let silent = table.buckets[0].contacts[0].id
        for _ in 0..<2 { _ = table.recordFailure(of: silent, askedAt: start, at: start) }
        #expect(table.buckets[0].contacts.last == far.last)
        #expect(count() == RoutingTable.contactsPerPrefixMax)
        #expect(table.buckets[0].replacements == Array(waiting))
    }

    @Test(arguments: [false, true])
    func localNetworksAreLimitedWhereThatIsWanted(limitsLocal: Bool) throws {
        var table = RoutingTable(ownID: NodeID(bits: .zero), createdAt: start, limitsLocal: limitsLocal)
        for number in 0..<160 {
            let host = IPAddress.v4(0xC0A8_0100 + UInt32(number))
            let node = NodeInfo(address: Address(host: host, port: 8090), publicKey: try Samples.node(number).publicKey)
            table.insert(Contact(node, answeredAt: start))
        }
        let isLimited = table.count <= RoutingTable.contactsPerPrefixMax
        #expect(isLimited == limitsLocal)
    }

    @Test func theOwnIDIsRefused() throws {
        let contact = try Samples.contact(1)
        var table = RoutingTable(ownID: contact.id, createdAt: start)
        #expect(table.insert(contact) == .refused)
        #expect(table.count == 0)
    }

    @Test func aRandomTargetLiesInsideItsBucketsPrefix() throws {
        let own = NodeID(bits: Bits160(high: 0xA5A5_A5A5_0000_1111, middle: 7, low: 9))
        let table = try Samples.table(around: own, offering: 3000)
        var generator = TestGenerator(state: 3)
        for number in table.buckets.indices {
            let prefix = table.prefix(ofBucket: number)
            #expect(prefix.count == (number == table.buckets.count - 1 ? number : number + 1))
            for _ in 0..<20 {
                let target = table.randomTarget(inBucket: number, using: &generator)
                let bits = (0..<prefix.count).map { target.bits[bit: $0] ? "1" : "0" }.joined()
                #expect(bits == prefix)
            }
            for contact in table.buckets[number].contacts {
                let bits = (0..<prefix.count).map { contact.id.bits[bit: $0] ? "1" : "0" }.joined()
                #expect(bits == prefix)
            }
        }
    }

    @Test func prefixesCoverTheKeySpaceOnce() throws {
        let table = try Samples.table(offering: 3000)
        let shares = table.buckets.indices.map { 1 / Double(1 << table.prefix(ofBucket: $0).count) }
        #expect(shares.reduce(0, +) == 1)
    }

    @Test func aBucketIsDueOnceItHasNotChangedForLong() throws {
        var table = try Samples.table(offering: 3)
        #expect(table.bucketsUnchanged(for: .seconds(900), at: start + .seconds(900)) == [])
        #expect(table.bucketsUnchanged(for: .seconds(900), at: start + .seconds(901)) == [0])
        table.markRefreshed(0, at: start + .seconds(901))
        #expect(table.bucketsUnchanged(for: .seconds(900), at: start + .seconds(901)) == [])
        table.markRefreshed(99, at: start)
    }

    @Test func aContactIsGoodUntilItHasBeenQuietForAQuarterOfAnHour() throws {
        var contact = try Samples.contact(1)
        #expect(contact.status(at: start + .seconds(899)) == .good)
        #expect(contact.status(at: start + .seconds(900)) == .unknown)
        contact.lastQuery = start + .seconds(600)
        #expect(contact.status(at: start + .seconds(1499)) == .good)
        contact.failures = 2
        #expect(contact.status(at: start) == .bad)
    }

    @Test func thereIsRoomWhereABucketCanTakeOrSplitOrLetWait() throws {
        var table = try Samples.table(offering: 20)
        let known = try #require(table.buckets[0].contacts.first)
        #expect(table.hasRoom(for: NodeID(bits: .zero), at: known.node.address.host))
        table = try Samples.table(offering: 3000)
        #expect(!table.hasRoom(for: known.id, at: known.node.address.host))
        #expect(
            table.hasRoom(for: NodeID(bits: Bits160(high: 0, middle: 0, low: 1)), at: known.node.address.host))
    }
}

/// Random numbers that are the same in every run.
struct TestGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state ^ (state >> 29)) &* 0x9E37_79B9_7F4A_7C15
    }
}
