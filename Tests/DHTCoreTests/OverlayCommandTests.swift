import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// What a user has the node do in the overlay, and what the node tells of it.
@Suite struct OverlayCommandTests {
    private func refresh(_ prefix: String, _ bench: inout Bench, id: UInt64 = 1) -> [Effect] {
        bench.give(.commandIssued(CommandID(id), .refreshBucket(.ipv4, prefix: prefix)))
    }

    @Test func refreshingABucketLooksUpAPlaceInItAndEndsWithSilence() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let peer = try Peer(1)
        try bench.befriend(peer)
        let before = try #require(bench.node.overlaySnapshot.families.first?.buckets.first?.lastChanged)
        bench.now = bench.now + .seconds(1)
        let effects = refresh("", &bench)
        #expect(effects.finds(to: peer.address).count == 1 && effects.outcomes.isEmpty)
        let bucket = try #require(bench.node.overlaySnapshot.families.first?.buckets.first)
        #expect(bucket.lastChanged == bench.now && before < bench.now)
        #expect(bench.pass(.seconds(3)).outcomes == [.refreshed])
    }

    @Test func thePlaceThatIsLookedUpIsInTheBucket() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        for number in 1...20 { try bench.meet(try Peer(number)) }
        let buckets = try #require(bench.node.overlaySnapshot.families.first?.buckets)
        try #require(buckets.count > 1)
        for (number, bucket) in buckets.enumerated() {
            let target = try #require(
                refresh(bucket.prefix, &bench, id: UInt64(number)).messages.compactMap { message in
                    if case .findRequest(let request) = message { request.target } else { nil }
                }.first)
            let bits = (0..<bucket.prefix.count).map { target.bits[bit: $0] ? "1" : "0" }
            #expect(bits.joined() == bucket.prefix)
            bench.now = bench.now + .seconds(20)
        }
    }

    @Test func thereIsNoSuchBucketBeforeTheFirstContactAndNobodyToAskAfterTheLast() throws {
        var bench = try Bench()
        #expect(refresh("", &bench).outcomes == [.noSuchBucket])
        #expect(bench.node.overlaySnapshot.families.map(\.hasHadContacts) == [false])
        try bench.befriend(try Peer(1))
        #expect(refresh("0101", &bench).outcomes == [.noSuchBucket])
        #expect(
            bench.give(.commandIssued(CommandID(2), .refreshBucket(.ipv6, prefix: ""))).outcomes == [.noSuchBucket])
        _ = bench.pass(.seconds(120))
        #expect(bench.node.contacts.isEmpty)
        #expect(refresh("", &bench).outcomes == [.noContacts])
        #expect(bench.node.overlaySnapshot.families.map(\.hasHadContacts) == [true])
    }

    @Test func aWalkAsksAnAddressForAnIntroductionAndWaitsForNothing() throws {
        var bench = try Bench()
        let somewhere = try Peer(9).address
        let globalTime = bench.node.overlaySnapshot.globalTime
        let effects = bench.give(.commandIssued(CommandID(1), .walk(somewhere)))
        #expect(effects.outcomes == [.walked])
        #expect(effects.messages(to: somewhere).map(\.kind) == [.introductionRequestV1])
        #expect(bench.node.overlaySnapshot.globalTime == globalTime + 1)
        let elsewhere = Address(host: .v6(0x2001_0db8_0000_0000, 1), port: 8090)
        #expect(bench.give(.commandIssued(CommandID(2), .walk(elsewhere))).outcomes == [.unreachable])
    }

    @Test func theSnapshotTellsWhoRemembersWhom() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        try bench.befriend(peer)
        let token = try bench.token(for: peer)
        let own = Target(bits: peer.key.publicKey.mid.bits)
        _ = try bench.receive(
            .storePeerRequest(StorePeerRequest(id: bench.freshID(), token: token, target: own)), from: peer)
        bench.node.peersByKey.confirmed(by: peer.info, at: bench.now)
        let snapshot = bench.node.overlaySnapshot
        #expect(snapshot.registeredPeers == [peer.key.publicKey.mid: 1])
        #expect(bench.node.registeredPeer(peer.key.publicKey.mid) == [peer.info])
        #expect(snapshot.ownRecordHolders == [peer.info])
        let family = try #require(snapshot.families.first)
        #expect(family.buckets.flatMap(\.contacts).map(\.node) == [peer.info])
        #expect(family.lanAddress == Bench.address && family.wanAddress == Bench.address)
    }
}
