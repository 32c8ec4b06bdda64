import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// How peers come to know each other through a node.
@Suite struct IntroductionTests {
    private func request(
        _ style: IntroductionStyle = .old, flags: IntroductionRequest.Flags = .advice, identifier: UInt16 = 7,
        lan: Address = .none
    ) -> Message {
        .introductionRequest(
            IntroductionRequest(
                style: style, globalTime: 1, destination: Bench.address, sourceLAN: lan, sourceWAN: .none,
                flags: flags, identifier: identifier))
    }

    private func response(in effects: [Effect], to peer: Peer) throws -> IntroductionResponse {
        let responses = effects.messages(to: peer.address).compactMap { message in
            if case .introductionResponse(let response) = message { response } else { nil }
        }
        return try #require(responses.first)
    }

    @Test func theAskerLearnsItsAddressAndAContactWhoPuncturesIt() throws {
        var bench = try Bench()
        let (contact, asker) = (try Peer(1), try Peer(2))
        try bench.befriend(contact)
        let effects = try bench.receive(request(), from: asker)
        let response = try response(in: effects, to: asker)
        #expect(response.style == .old && response.identifier == 7)
        #expect(response.destination == asker.address)
        #expect(response.introducedWAN == contact.address && response.introducedLAN == .none)
        guard case .punctureRequest(let puncture)? = effects.messages(to: contact.address).first else {
            Issue.record("the contact was not asked to puncture")
            return
        }
        #expect(puncture.walkerWAN == asker.address && puncture.walkerLAN == Bench.address)
        #expect(puncture.identifier == 7 && puncture.style == .old)
    }

    @Test func nobodyIsIntroducedToItself() throws {
        var bench = try Bench()
        let asker = try Peer(1)
        try bench.befriend(asker)
        let response = try response(in: try bench.receive(request(), from: asker), to: asker)
        #expect(response.introducedWAN == .none && response.introducedLAN == .none)
    }

    @Test func whoSpeaksTheNewStyleIsAnsweredInIt() throws {
        var bench = try Bench()
        let (one, two) = (try Peer(1), try Peer(2))
        #expect(try response(in: try bench.receive(request(.new, flags: []), from: one), to: one).style == .new)
        let asking = request(.old, flags: [.advice, .wantsNewStyle])
        #expect(try response(in: try bench.receive(asking, from: two), to: two).style == .new)
    }

    @Test func whoIsBehindTheSameNATIsToldTheAddressWithin() throws {
        var bench = try Bench(listeningOn: try #require(Address("198.51.100.1:8090")))
        let contact = Peer(key: try PrivateKey.generate(), address: try #require(Address("203.0.113.1:5001")))
        let neighbour = Peer(key: try PrivateKey.generate(), address: try #require(Address("203.0.113.1:5002")))
        let stranger = Peer(key: try PrivateKey.generate(), address: try #require(Address("192.0.2.1:5003")))
        let within = try #require(Address("192.168.1.2:8090"))
        try bench.befriend(contact)
        _ = try bench.receive(request(lan: within), from: contact)
        let near = try response(in: try bench.receive(request(), from: neighbour), to: neighbour)
        #expect(near.introducedLAN == within && near.introducedWAN == contact.address)
        let far = try response(in: try bench.receive(request(), from: stranger), to: stranger)
        #expect(far.introducedLAN == .none && far.introducedWAN == contact.address)
    }

    @Test func aPunctureIsSentToTheWalkersOutsideAddress() throws {
        var bench = try Bench()
        let walker = try #require(Address("127.9.9.9:999"))
        let request = PunctureRequest(
            style: .old, globalTime: 1, walkerLAN: Address(host: .v4(0x0A00_0001), port: 5), walkerWAN: walker,
            identifier: 3)
        let bytes = Packet.encode(.punctureRequest(request), signedBy: bench.key)
        let effects = try bench.receive(bytes: bytes, from: try Peer(1).address)
        guard case .puncture(let puncture)? = effects.messages(to: walker).first else {
            Issue.record("no puncture")
            return
        }
        #expect(puncture.identifier == 3 && puncture.walkerWAN == walker)
    }

    @Test func aWalkerBehindOurOwnAddressIsPuncturedInside() throws {
        var bench = try Bench()
        let inside = try #require(Address("127.168.1.7:999"))
        let request = PunctureRequest(
            style: .old, globalTime: 1, walkerLAN: inside, walkerWAN: Address(host: Bench.address.host, port: 1),
            identifier: 3)
        let bytes = Packet.encode(.punctureRequest(request), signedBy: bench.key)
        let effects = try bench.receive(bytes: bytes, from: try Peer(1).address)
        #expect(effects.messages(to: inside).count == 1 && effects.count == 1)
    }

    @Test func aNodeOnLoopbackSendsNothingToTheWorldOutside() throws {
        var bench = try Bench()
        let request = PunctureRequest(
            style: .old, globalTime: 1, walkerLAN: .none, walkerWAN: Address(host: .v4(0x0808_0808), port: 53),
            identifier: 3)
        let bytes = Packet.encode(.punctureRequest(request), signedBy: bench.key)
        #expect(try bench.receive(bytes: bytes, from: try Peer(1).address) == [])
        let ping = bench.give(.commandIssued(CommandID(1), .ping(Address(host: .v4(0x0808_0808), port: 53))))
        #expect(ping.outcomes == [.unreachable])
    }

    @Test func puncturesAreBounded() throws {
        var bench = try Bench()
        let request = PunctureRequest(
            style: .old, globalTime: 1, walkerLAN: .none, walkerWAN: try Peer(5).address, identifier: 3)
        let bytes = Packet.encode(.punctureRequest(request), signedBy: bench.key)
        var sent = 0
        for number in 1...1000 {
            sent += try bench.receive(bytes: bytes, from: try Peer(number).address).messages.count
        }
        #expect(sent == 100)
    }

    @Test func whoClaimsToBeOneContactDoesNotUseUpThePuncturesOfAll() throws {
        var bench = try Bench()
        let (busy, other) = (try Peer(1), try Peer(2))
        for peer in [busy, other] { try bench.befriend(peer) }
        let request = PunctureRequest(
            style: .old, globalTime: 1, walkerLAN: .none, walkerWAN: try Peer(5).address, identifier: 3)
        let bytes = Packet.encode(.punctureRequest(request), signedBy: bench.key)
        var sent = 0
        for _ in 0..<200 { sent += try bench.receive(bytes: bytes, from: busy.address).messages.count }
        #expect(sent == 10)
        #expect(try bench.receive(bytes: bytes, from: other.address).messages.count == 1)
        bench.now = bench.now + .seconds(5)
        #expect(try bench.receive(bytes: bytes, from: busy.address).messages.count == 1)
    }

    @Test func aHostThatIsNoContactHasOneShareOfThePuncturesWhateverItsPorts() throws {
        var bench = try Bench(listeningOn: try #require(Address("198.51.100.1:8090")))
        let walker = try #require(Address("203.0.113.1:5001"))
        let request = PunctureRequest(
            style: .old, globalTime: 1, walkerLAN: .none, walkerWAN: walker, identifier: 3)
        let bytes = Packet.encode(.punctureRequest(request), signedBy: bench.key)
        var sent = 0
        for port in 1...50 {
            let source = Address(host: .v4(0xC000_0201), port: UInt16(port))
            sent += try bench.receive(bytes: bytes, from: source).messages.count
        }
        #expect(sent == 10)
    }

    @Test func aNodeWalksToThePeersThatItIsToldAndToWhomTheyIntroduce() throws {
        let (peer, third) = (try Peer(1), try Peer(2))
        var bench = try Bench(peers: [peer.address])
        bench.leaveNeighboursAlone()
        let first = bench.give(.timerFired)
        guard case .introductionRequest(let asked)? = first.messages(to: peer.address).first else {
            Issue.record("the peer was not asked")
            return
        }
        #expect(asked.destination == peer.address && asked.style == .old && asked.flags == .advice)
        let answer = IntroductionResponse(
            style: .old, globalTime: 1, destination: Bench.address, sourceLAN: .none, sourceWAN: peer.address,
            introducedLAN: .none, introducedWAN: third.address, flags: [], identifier: asked.identifier)
        let effects = try bench.receive(.introductionResponse(answer), from: peer)
        let ping = try #require(effects.pings(to: peer.address).first)
        let added = try bench.receive(.pingResponse(PingResponse(id: ping)), from: peer)
        #expect(added == [.emit(.contactAdded(peer.info))])
        let later = bench.pass(.seconds(10))
        #expect(!later.messages(to: third.address).isEmpty)
        #expect(bench.node.contacts.map(\.node) == [peer.info])
    }

    @Test(arguments: [false, true])
    func trackersAreAskedOnceThoseWhoAreRememberedHaveNotAnswered(isRemembered: Bool) throws {
        let (tracker, friend) = (try Peer(1), try Peer(2))
        let contacts = isRemembered ? [Contact(friend.info, answeredAt: Instant(seconds: 1))] : []
        var bench = try Bench(contacts: contacts)
        _ = bench.give(.trackersResolved([tracker.address]))
        #expect(bench.pass(.seconds(4)).messages(to: tracker.address).isEmpty == isRemembered)
        #expect(bench.pass(.seconds(2)).messages(to: tracker.address).isEmpty != isRemembered)
    }

    @Test func oneTrackerIsAskedEveryFiveMinutesWhileThereAreFewContacts() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let friend = try Peer(1)
        try bench.befriend(friend)
        let trackers = try (901...903).map { try Peer($0).address }
        let ofTheOtherFamily = Address(host: .v6(0, 1), port: 6421)
        _ = bench.give(.trackersResolved(trackers + [ofTheOtherFamily]))
        var asked: [Int] = []
        for _ in 0..<59 {
            let effects = try bench.converse(for: .seconds(20), with: [friend])
            asked.append(trackers.reduce(0) { $0 + effects.messages(to: $1).count })
        }
        // Nearly twenty minutes, and one is asked at once.
        #expect(asked.reduce(0, +) == 4)
        #expect(asked.allSatisfy { $0 <= 1 })
    }

    @Test func noTrackerIsAskedOnceThereAreEnoughContacts() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let peers = try bench.meetAsManyAsWanted()
        let tracker = try Peer(901).address
        _ = bench.give(.trackersResolved([tracker]))
        #expect(try bench.converse(for: .seconds(400), with: peers).messages(to: tracker).isEmpty)
    }

    @Test func trackersIntroduceButDoNotBecomeContacts() throws {
        var bench = try Bench()
        let tracker = try Peer(1, level: .veryLow)
        _ = bench.give(.trackersResolved([tracker.address]))
        let effects = bench.pass(.seconds(1))
        guard case .introductionRequest(let asked)? = effects.messages(to: tracker.address).first else {
            Issue.record("the tracker was not asked")
            return
        }
        let answer = IntroductionResponse(
            style: .old, globalTime: 1, destination: Bench.address, sourceLAN: .none, sourceWAN: .none,
            introducedLAN: .none, introducedWAN: try Peer(2).address, flags: [], identifier: asked.identifier)
        #expect(try bench.receive(.introductionResponse(answer), from: tracker) == [])
        #expect(bench.node.contacts == [])
        let asked30 = bench.pass(.seconds(28)).messages(to: tracker.address)
        #expect(asked30 == [])
    }
}
