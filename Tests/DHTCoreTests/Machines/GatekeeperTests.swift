import IPv8
import Testing

@testable import DHTCore

@Suite struct GatekeeperTests {
    private func ping(_ number: UInt32, of peer: Peer, _ bench: MachineBench) throws -> Packet {
        try bench.packet(.pingRequest(PingRequest(id: RequestID(number))), of: peer)
    }

    @Test func requestIsAdmittedOnce() throws {
        var (bench, gatekeeper, peer) = (try MachineBench(), Gatekeeper(), try Peer(1))
        let packet = try ping(1, of: peer, bench)
        let isAdmitted = (0..<2).map { _ in
            gatekeeper.admit(packet, from: peer.info, isStranger: true, &bench.turn)
        }
        #expect(isAdmitted == [true, false])
        #expect(bench.turn.counters.dropped == [.refused(.replayed): 1])
    }

    @Test func allowancesForQueriesAndForDiscoveryAreSeparate() throws {
        var (bench, gatekeeper, peer) = (try MachineBench(), Gatekeeper(), try Peer(1))
        for number in 0..<10 {
            let isAdmitted = gatekeeper.admit(
                try ping(UInt32(number), of: peer, bench), from: peer.info, isStranger: false, &bench.turn)
            #expect(isAdmitted)
        }
        #expect(gatekeeper.isBlocked(peer.info, for: .query, at: bench.now))
        #expect(!gatekeeper.isBlocked(peer.info, for: .discovery, at: bench.now))
        #expect(!gatekeeper.isBlocked(peer.info, for: .query, at: bench.now + .seconds(5)))
    }

    @Test func strangersLeaveRoomForContactsAndContactsForAnswers() throws {
        var (bench, gatekeeper) = (try MachineBench(), Gatekeeper())
        let peers = try (0..<200).map { try Peer($0 + 1) }
        var checkCounts: [Int] = []
        for isContact in [false, true] {
            for number in 0..<4000 {
                let peer = peers[number / 20]
                gatekeeper.check(
                    try ping(1, of: peer, bench), by: peer.info, to: nil, isContact: isContact, &bench.requests,
                    &bench.turn)
            }
            checkCounts.append(bench.turn.workCount)
            // The checks under way are counted by key and address: contacts come from others.
            gatekeeper = Gatekeeper()
        }
        #expect(checkCounts == [Gatekeeper.strangersWorkMax, Gatekeeper.contactsWorkMax])
    }

    @Test func badEntryOfAStoreRequestIsNotChecked() throws {
        var (bench, gatekeeper, peer) = (try MachineBench(), Gatekeeper(), try Peer(1))
        let store = StoreRequest(
            id: RequestID(1), token: Token(bits: .zero), target: Target(hashing: "key"), values: [[9]])
        gatekeeper.check(
            try bench.packet(.storeRequest(store), of: peer), by: peer.info, to: nil, isContact: true,
            &bench.requests, &bench.turn)
        #expect(bench.turn.effects.isEmpty && bench.turn.counters.dropped.values.reduce(0, +) == 1)
    }

    private func list(_ texts: [String], until: Instant? = nil) throws -> BanList {
        let bans = try texts.map { Ban(try #require(IPNetwork($0)), since: .distantPast, until: until) }
        return BanList(bans, at: Instant(seconds: 0))
    }

    @Test(arguments: [
        ("192.0.2.7", true), ("192.0.2.8", false), ("10.0.0.0", true), ("10.255.255.255", true), ("11.0.0.0", false),
        ("9.255.255.255", false), ("10.1.2.3", true), ("2001:db8:1::5", true), ("2001:db9::", false), ("::1", true),
        ("::2", false), ("203.0.113.128", true), ("203.0.113.127", false),
    ])
    func bannedNetworksAreFoundHoweverTheyOverlap(host: String, isBanned: Bool) throws {
        var bans = try list([
            "192.0.2.7", "10.0.0.0/8", "10.1.0.0/16", "10.255.255.255", "2001:db8::/32", "2001:db8:1::/48", "::1",
            "203.0.113.128/25",
        ])
        let found = bans.contains(try #require(IPAddress(host)), at: Instant(seconds: 1))
        #expect(found == isBanned)
    }

    @Test func banEndsAtItsTime() throws {
        var bans = try list(["192.0.2.0/24"], until: Instant(seconds: 60))
        let host = try #require(IPAddress("192.0.2.1"))
        let found = [59, 60].map { bans.contains(host, at: Instant(seconds: $0)) }
        #expect(found == [true, false])
        #expect(bans.count == 0)
    }

    @Test func noMoreBansThanTheLimitCount() throws {
        let bans = BanList(
            (0..<5000).map { Ban(IPNetwork(.v4($0 * 2)), since: .distantPast, until: nil) }, at: .distantPast)
        #expect(bans.count == Ban.countMax)
    }

    @Test func nothingFromABannedHostIsLookedAt() throws {
        var bench = try Bench()
        let (peer, other) = (try Peer(1), try Peer(2))
        #expect(bench.give(.bansChanged([Ban(IPNetwork(peer.address.host), since: bench.now, until: nil)])).isEmpty)
        for message: Message in [
            .pingRequest(PingRequest(id: bench.freshID())), .pingResponse(PingResponse(id: RequestID(1))),
        ] {
            let effects = try bench.receive(message, from: peer)
            #expect(effects.isEmpty)
        }
        let effects = try bench.receive(bytes: [1, 2, 3], from: peer.address)
        #expect(effects.isEmpty)
        #expect(bench.node.counters.dropped == [.refused(.banned): 3])
        let answer1 = try bench.receive(.pingRequest(PingRequest(id: bench.freshID())), from: other)
        #expect(!answer1.isEmpty)
        _ = bench.give(.bansChanged([]))
        let answer2 = try bench.receive(.pingRequest(PingRequest(id: bench.freshID())), from: peer)
        #expect(!answer2.isEmpty)
    }

    @Test func nodeBeginsWithTheBansOfAnEarlierRun() throws {
        let peer = try Peer(1)
        var bench = try Bench { $0.bans = [Ban(IPNetwork(peer.address.host), since: .distantPast, until: nil)] }
        let answer3 = try bench.receive(.pingRequest(PingRequest(id: bench.freshID())), from: peer)
        #expect(answer3.isEmpty)
        #expect(bench.node.counters.dropped == [.refused(.banned): 1])
    }
}
