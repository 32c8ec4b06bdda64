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
        #expect(bench.node.overlay.probes.count == 0)
        var probes = Probes(limitsLocal: false, key: key)
        let ids = try (0...64).map { try id($0) }
        let begun = ids.enumerated().map { number, id in
            probes.begin(id, at: host(number), now: bench.now, using: &bench.node.turn.generator)
        }
        #expect(begun.count { $0 } == Probes.firstTimersMax && begun.last == false)
        probes.end(ids[0])
        let hasRoom = probes.begin(ids[64], at: host(64), now: bench.now, using: &bench.node.turn.generator)
        #expect(hasRoom)
    }

    private let key = [UInt8](repeating: 3, count: 16)
    private func host(_ number: Int) -> IPAddress { .v4(UInt32(0x0900_0000 + number << 8)) }
    private func id(_ number: Int) throws -> NodeID {
        NodeID(host: own.host, mid: try peer(number, inNetwork: 1).key.publicKey.mid)
    }

    /// A flood of forged newcomers takes every place for those who ask for the first time.
    @Test func whoeverAsksAgainHasAPlaceDuringAFlood() throws {
        var probes = Probes(limitsLocal: false, key: key)
        var generator = RandomNumbers(seed: 1)
        let now = Instant(seconds: 5)
        for number in 0..<2000 {
            let forged = NodeID(bits: Bits160(high: UInt64(number) << 20, middle: 7, low: 7))
            _ = probes.begin(forged, at: host(number), now: now, using: &generator)
        }
        #expect(probes.count == Probes.firstTimersMax)
        let newcomer = try id(1)
        let answers = (0..<2).map { _ in probes.begin(newcomer, at: host(9000), now: now, using: &generator) }
        #expect(answers == [false, true])
    }

    /// Else whoever floods could send at the moment at which all places become free.
    @Test func placesDoNotBecomeFreeAllAtOnce() throws {
        var probes = Probes(limitsLocal: false, key: key)
        var generator = RandomNumbers(seed: 1)
        var now = Instant(seconds: 5)
        for number in 0..<64 {
            let ownID = try id(number)
            let isBegun = probes.begin(ownID, at: host(number), now: now, using: &generator)
            #expect(isBegun)
        }
        var counts: [Int] = []
        for round in 0..<4 {
            now = now + .milliseconds(400)
            _ = probes.begin(try id(100 + round), at: host(100 + round), now: now, using: &generator)
            counts.append(probes.count)
        }
        #expect(counts[0] == 64 && counts[1] > 32 && counts[1] < 64 && counts[2] > 4 && counts[2] < 32)
        #expect(counts[3] <= 4)
    }
}
