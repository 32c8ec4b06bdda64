import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// Who is asked for a sign of life because it has asked us something.
@Suite struct ProbeTests {
    private let own = Address(host: .v4(0x0808_0101), port: 8090)

    private func peer(_ number: Int, inNetwork network: Int) throws -> Peer {
        let host = IPAddress.v4(UInt32(0x0900_0000 + network << 8 + number))
        return Peer(key: try PrivateKey.generate(), address: Address(host: host, port: 8090))
    }

    /// Has a peer ask, and returns whether it is asked back.
    private func isAskedBack(_ peer: Peer, by bench: inout Bench) throws -> Bool {
        let effects = try bench.receive(.pingRequest(PingRequest(id: bench.freshID())), from: peer)
        return !effects.pings(to: peer.address).isEmpty
    }

    @Test func fourOfANetworkAreAskedAtOnceAndOthersAllTheSame() throws {
        var bench = try Bench(listeningOn: own)
        let asked = try (1...80).count { try isAskedBack(try peer($0, inNetwork: 1), by: &bench) }
        #expect(asked == Probes.countPerNetworkMax)
        #expect(try isAskedBack(try peer(1, inNetwork: 2), by: &bench))
        bench.now = bench.now + .seconds(5)
        #expect(try isAskedBack(try peer(99, inNetwork: 1), by: &bench))
    }

    @Test func theMachinesOwnNetworksAreNotLimited() throws {
        var bench = try Bench()
        #expect(try (1...10).count { try isAskedBack(try Peer($0), by: &bench) } == 10)
    }

    @Test func anAnswerMakesRoomForTheNext() throws {
        var bench = try Bench(listeningOn: own)
        for number in 0..<3 { try bench.befriend(try peer(1, inNetwork: number)) }
        #expect(bench.node.probes.count == 0)
        var probes = Probes(limitsLocal: false)
        let ids = try (0...64).map { NodeID(host: own.host, mid: try peer($0, inNetwork: 1).key.publicKey.mid) }
        let begun = ids.enumerated().map { number, id in
            probes.begin(id, at: .v4(0x0900_0000 + UInt32(number) << 8), now: bench.now)
        }
        #expect(begun.count { $0 } == Probes.countMax && begun.last == false)
        probes.end(ids[0])
        #expect(probes.begin(ids[64], at: .v4(0x0900_4000), now: bench.now) == true)
    }
}
