import IPv8
import Kademlia
import Maintenance
import Testing

@testable import DHTCore

/// How a node comes into the overlay, and back into it.
@Suite struct JoiningTests {
    private static func peer(_ number: Int, _ family: AddressFamily) throws -> Peer {
        guard family == .ipv6 else { return try Peer(number) }
        let host = IPAddress.v6(0xFD00_0000_0000_0100 + UInt64(number), 1)
        return Peer(key: try PrivateKey.generate(), address: Address(host: host, port: 8090))
    }

    /// Has peers become contacts until the walk has found enough of them.
    private func befriendMany(_ bench: inout Bench, _ family: AddressFamily) throws {
        var number = 0
        while bench.node.endpoints.first(where: { $0.listenAddress.family == family })?.contacts.count ?? 0
            < Walker.contactsWanted
        {
            number += 1
            try #require(number < 500)
            try bench.meet(try Self.peer(number, family))
            bench.now = bench.now + .milliseconds(200)
        }
    }

    @Test func aTokenSecretOfTheFutureIsNotUsed() throws {
        // It was drawn while the clock was ahead.
        let start = Instant(seconds: 1_700_000_000)
        var bench = try Bench {
            $0.tokenSecrets = [TokenSecret(bytes: [UInt8](repeating: 7, count: 32), drawnAt: start + .seconds(86_400))]
        }
        let effects = bench.give(.timerFired)
        #expect(effects.contains { if case .drawTokenSecret = $0 { true } else { false } })
    }

    @Test func theOtherFamilyIsWalkedHoweverManyContactsTheFirstHas() throws {
        let (known, told) = (try Self.peer(1001, .ipv6), try Self.peer(1002, .ipv6))
        var bench = try Bench(peers: [known.address]) {
            $0.listenAddresses.append(Address(host: .v6(0xFD00_0000_0000_0001, 1), port: 8090))
            $0.contacts = [Contact(told.info, answeredAt: Instant(seconds: 1_699_999_000))]
        }
        bench.leaveNeighboursAlone()
        try befriendMany(&bench, .ipv4)
        let effects = bench.pass(.seconds(2))
        #expect(effects.introductionRequests(to: known.address) == 1)
        #expect(effects.pings(to: told.address).count == 1)
        // Once it has enough there too, nobody is asked any more.
        try befriendMany(&bench, .ipv6)
        #expect(bench.pass(.seconds(4)).introductionRequests(to: known.address) == 0)
    }

    /// The archive remembers those that were lost too, and hands all of them over.
    @Test func ofManyContactsThoseHeardFromLastAreKept() throws {
        let key = try PrivateKey.generate().publicKey
        let end = Instant(seconds: 1_699_999_000)
        let contacts = (0..<200).map { number in
            let address = Address(host: .v4(0x0A00_0000 + UInt32(number)), port: 8090)
            let age: Duration = number < 70 ? .milliseconds(number * 400) : .seconds(3600 + number)
            return Contact(NodeInfo(address: address, publicKey: key), answeredAt: end - age)
        }
        var lost = LostContacts(contacts)
        #expect(lost.contacts.map(\.node) == contacts.prefix(LostContacts.contactsMax).reversed().map(\.node))
        #expect(lost.countOfLastHeard == 70)
        lost.add(contacts[199])
        #expect(!lost.contacts.contains { $0.id == contacts[127].id } && lost.contacts.last?.id == contacts[199].id)
        let bench = try Bench { $0.contacts = contacts }
        #expect(bench.node.republisher.contactsBefore == 70)
    }

    @Test func aTokenIsValidForItsTimeThoughItsSecretWasAtItsEnd() throws {
        let drawn = Instant(seconds: 1_700_000_000)
        let peer = try Peer(1)
        let mint = TokenMint(secrets: [TokenSecret(bytes: [UInt8](repeating: 7, count: 32), drawnAt: drawn)], at: drawn)
        let token = try #require(mint.token(for: peer.info.publicKey.mid, at: peer.address))
        for (age, isValid) in [(Duration.seconds(609), true), (.seconds(611), false)] {
            #expect(
                mint.isValid(token, from: peer.info.publicKey.mid, at: peer.address, now: drawn + age) == isValid)
        }
    }

    @Test func whoIsStartedAgainAsksItsContactsAtOnce() throws {
        let peer = try Peer(1)
        var bench = try Bench(contacts: [Contact(peer.info, answeredAt: Instant(seconds: 1_699_999_000))]) {
            let due = Instant(seconds: 1_700_000_004)
            $0.jobs = [JobReport(name: "walk", due: due, lastRun: nil, lastResult: nil, budget: "")]
        }
        #expect(bench.give(.timerFired).pings(to: peer.address).count == 1)
    }

    @Test func aGivenPeerThatIntroducesNobodyIsPinged() throws {
        let (given, other) = (try Peer(1), try Peer(2))
        var bench = try Bench(peers: [given.address])
        bench.leaveNeighboursAlone()
        bench.node.overlay.walk.addresses.heardOf(other.address, at: bench.now)
        let effects = bench.pass(.seconds(4))
        let ping = try #require(effects.pings(to: given.address).first)
        #expect(effects.pings(to: other.address).isEmpty)
        _ = try bench.receive(.pingResponse(PingResponse(id: ping)), from: given)
        #expect(bench.node.contacts.map(\.node) == [given.info])
    }

    @Test func whoLostEverybodyLooksForItsNeighboursAgainAndStoresNothingBeforeThat() throws {
        var bench = try Bench()
        let peers = try (1...8).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        _ = try bench.converse(for: .seconds(20), with: peers)
        #expect(bench.node.republisherSnapshot.phase == .idle)
        _ = bench.pass(.seconds(120))
        #expect(bench.node.contacts.isEmpty)
        try bench.befriend(peers[0])
        let ownID = Target(bits: bench.node.endpoints[0].nodeID.bits)
        let effects = try bench.converse(for: .seconds(20), with: [peers[0]])
        #expect(effects.finds(to: peers[0].address).contains { $0.target == ownID })
        // One of eight is not half of what there was.
        #expect(bench.node.republisherSnapshot.phase == .waitingForTable)
        _ = try bench.converse(for: .seconds(20), with: Array(peers[..<4]))
        for peer in peers[..<4] { try bench.meet(peer) }
        _ = try bench.converse(for: .seconds(20), with: Array(peers[..<4]))
        #expect(bench.node.republisherSnapshot.phase == .idle)
    }

    // MARK: The peer limit

    private func introduction(_ identifier: UInt16) -> Message {
        .introductionRequest(
            IntroductionRequest(
                style: .old, globalTime: 1, destination: Bench.address, sourceLAN: .none, sourceWAN: .none,
                flags: [], identifier: identifier))
    }

    @Test func newcomersAreLeftToOthersByWhoHasMoreContactsThanItsLimit() throws {
        var bench = try Bench { $0.peerLimit = 2 }
        let asker = try Peer(9)
        var flags: [IntroductionResponse.Flags] = []
        for number in 1...2 {
            try bench.befriend(try Peer(number))
            for answer in try bench.receive(introduction(UInt16(number)), from: asker).messages(to: asker.address) {
                if case .introductionResponse(let response) = answer { flags.append(response.flags) }
            }
        }
        #expect(flags == [.speaksNewStyle, [.speaksNewStyle, .peerLimitReached]])
        try bench.befriend(try Peer(3))
        #expect(try bench.receive(introduction(3), from: asker).messages.isEmpty)
        #expect(bench.node.counters.dropped == [.refused(.peerLimit): 1])
    }

    // MARK: Hosts

    @Test func manyKeysAtManyAddressesOfOneIPv6NetworkAreOneHost() throws {
        var bench = try Bench(listeningOn: try #require(Address("[2001:db8::1]:8090")))
        var answered = 0
        for number in 0..<120 {
            let host = IPAddress.v6(0x2001_0DB8_0001_0002, UInt64(number + 1))
            let stranger = Peer(key: try PrivateKey.generate(), address: Address(host: host, port: 8090))
            let effects = try bench.receive(.pingRequest(PingRequest(id: bench.freshID())), from: stranger)
            answered += effects.messages.count { if case .pingResponse = $0 { true } else { false } }
        }
        #expect(answered == 8192 / 167)
        #expect(
            bench.node.counters.dropped
                == [.refused(.floodLimit): 20, .refused(.unprovenAddress): 100 - 8192 / 167])
    }
}

extension [Effect] {
    /// How often whoever is at an address is asked for an introduction.
    fileprivate func introductionRequests(to address: Address) -> Int {
        messages(to: address).count { if case .introductionRequest = $0 { true } else { false } }
    }
}
