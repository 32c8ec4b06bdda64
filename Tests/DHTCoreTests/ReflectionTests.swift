import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// How much a node sends to addresses that have not proved that anybody receives there.
@Suite struct ReflectionTests {
    private let own = Address(host: .v4(0x0808_0101), port: 8090)

    private func peer(_ number: Int, inNetwork network: Int = 1) throws -> Peer {
        let host = IPAddress.v4(UInt32(0x0900_0000 + network << 8 + number))
        return Peer(key: try PrivateKey.generate(), address: Address(host: host, port: 8090))
    }

    private func findNodes(_ bench: inout Bench) -> Message {
        .findRequest(
            FindRequest(id: bench.freshID(), lan: .none, target: Target(hashing: "any"), wantsNodes: true))
    }

    /// A node with contacts enough for an answer of full size.
    private func benchWithContacts() throws -> Bench {
        var bench = try Bench(listeningOn: own)
        bench.leaveNeighboursAlone()
        for number in 0..<8 { try bench.befriend(try peer(1, inNetwork: 100 + number)) }
        return bench
    }

    @Test func networkGetsNoMoreBytesThanItsRateWhateverItsHosts() throws {
        var bench = try benchWithContacts()
        var bytes = 0
        let seconds = 20
        for _ in 0..<seconds {
            for host in 0..<40 {
                let asker = try peer(host)
                let effects = try bench.receive(findNodes(&bench), from: asker)
                for message in effects.messages(to: asker.address) {
                    guard case .findResponse = message else { continue }
                    bytes += Packet.byteCount(of: message, from: bench.key.publicKey)
                }
            }
            bench.now = bench.now + .seconds(1)
        }
        let rate = ReflectionBudget.networkRate
        #expect(bytes <= rate.bytesPerSecond * (seconds + 8))
        #expect(bytes > rate.bytesPerSecond * 8)
        #expect(bench.node.counters.dropped[.refused(.unprovenAddress)] ?? 0 > 0)
    }

    @Test func allNetworksTogetherHaveARate() throws {
        var budget = ReflectionBudget()
        var taken = 0
        for number in 0..<4000 {
            let host = IPAddress.v4(UInt32(0x0900_0000 + number << 8))
            if budget.take(1000, for: host, of: NetworkPrefix(host), at: Instant(seconds: 5)) { taken += 1000 }
        }
        #expect(taken == 4 * 65_536 / 1000 * 1000)
        let host = IPAddress.v4(0x0A00_0001)
        #expect(budget.take(1000, for: host, of: NetworkPrefix(host), at: Instant(seconds: 5)) == false)
        #expect(budget.take(1000, for: host, of: NetworkPrefix(host), at: Instant(seconds: 6)) == true)
        #expect(budget.count <= 2 * ReflectionBudget.entriesMax)
    }

    @Test func hostHasLessThanItsNetwork() throws {
        var budget = ReflectionBudget()
        let (host, neighbour) = (IPAddress.v4(0x0900_0001), IPAddress.v4(0x0900_0002))
        let network = NetworkPrefix(host)
        let now = Instant(seconds: 5)
        let taken = (0..<40).count { _ in budget.take(1000, for: host, of: network, at: now) }
        #expect(taken == 8)
        #expect(budget.take(1000, for: neighbour, of: network, at: now) == true)
    }

    @Test func newcomerGetsAFullAnswerAtOnce() throws {
        var bench = try benchWithContacts()
        let newcomer = try peer(1)
        let response = try bench.receive(findNodes(&bench), from: newcomer).findResponses(to: newcomer.address).first
        #expect(response?.nodes.count == 8)
    }

    @Test func whoeverAnswersIsServedWhenNothingIsLeftForOthers() throws {
        var bench = try benchWithContacts()
        let (stranger, proven) = (try peer(1), try peer(2))
        try bench.meet(proven)
        for number in 3..<200 { _ = try bench.receive(findNodes(&bench), from: try peer(number)) }
        #expect(try bench.receive(findNodes(&bench), from: stranger).findResponses(to: stranger.address).isEmpty)
        #expect(!(try bench.receive(findNodes(&bench), from: proven).findResponses(to: proven.address).isEmpty))
    }

    @Test func tokenProvesTheAddressThatItWentTo() throws {
        var bench = try Bench(listeningOn: own)
        let peer = try peer(1)
        #expect(!bench.node.overlay.isProven(peer.info, at: bench.now))
        let token = try bench.token(for: peer)
        #expect(!bench.node.overlay.isProven(peer.info, at: bench.now))
        let store = StoreRequest(id: bench.freshID(), token: token, target: Target(hashing: "any"), values: [])
        _ = try bench.receive(.storeRequest(store), from: peer)
        #expect(bench.node.overlay.isProven(peer.info, at: bench.now))
        #expect(
            !bench.node.overlay.isProven(NodeInfo(address: peer.address, publicKey: bench.key.publicKey), at: bench.now)
        )
        #expect(!bench.node.overlay.isProven(peer.info, at: bench.now + .seconds(1200)))
    }

    @Test func puncturesThatStrangersAskForCountToo() throws {
        var bench = try Bench(listeningOn: own)
        var bytes = 0
        for number in 0..<100 {
            let request = PunctureRequest(
                style: .old, globalTime: 1, walkerLAN: .none, walkerWAN: try peer(1).address, identifier: 3)
            let source = try peer(1, inNetwork: 200 + number).address
            let effects = try bench.receive(
                bytes: Packet.encode(.punctureRequest(request), signedBy: bench.key), from: source)
            for message in effects.messages {
                bytes += Packet.byteCount(of: message, from: bench.key.publicKey)
            }
        }
        #expect(bytes > 0 && bytes <= ReflectionBudget.hostRate.bytesPerSecond * 8)
    }
}
