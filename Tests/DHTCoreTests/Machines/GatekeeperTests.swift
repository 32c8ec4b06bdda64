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
}
