import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// What others say about third parties, and what follows from it.
@Suite struct HostileAnswerTests {
    private let target = Target(hashing: "key")
    private let anywhere = Address(host: .v4(0), port: 8090)
    private let own = Address(host: .v4(0x0808_0101), port: 8090)
    private let loopback = Address(host: .v4(0x7F00_0001), port: 53)

    private func peer(_ number: UInt32, inNetwork network: UInt32) throws -> Peer {
        Peer(
            key: try PrivateKey.generate(),
            address: Address(host: .v4(0x0900_0000 + network << 8 + number), port: 8090))
    }

    @Test(arguments: [true, false])
    func nobodyOnAnotherMachineHasUsSendToOurOwn(isBound: Bool) throws {
        var bench = try Bench(listeningOn: isBound ? own : anywhere)
        let liar = try peer(1, inNetwork: 1)
        try bench.befriend(liar)
        let named = NodeInfo(address: loopback, publicKey: try PrivateKey.generate().publicKey)
        let find = bench.give(.commandIssued(CommandID(1), .find(target)))
        _ = bench.give(.entriesLoaded(try #require(find.loads.first).id, []))
        let request = try #require(find.finds(to: liar.address).first)
        let response = FindResponse(id: request.id, token: Token(bits: .zero), nodes: [named])
        #expect(try bench.receive(.findResponse(response), from: liar).messages(to: loopback).isEmpty)
        let puncture = PunctureRequest(
            style: .old, globalTime: 1, walkerLAN: .none, walkerWAN: loopback, identifier: 1)
        let effects = try bench.receive(.punctureRequest(puncture), from: liar)
        #expect(effects.messages(to: loopback).isEmpty)
        #expect(bench.pass(.seconds(20)).messages(to: loopback).isEmpty)
    }

    @Test func onLoopbackOthersOfTheSameMachineMayBeNamed() throws {
        var bench = try Bench()
        let (helper, other) = (try Peer(1), try Peer(2))
        try bench.befriend(helper)
        let find = bench.give(.commandIssued(CommandID(1), .find(target)))
        _ = bench.give(.entriesLoaded(try #require(find.loads.first).id, []))
        let request = try #require(find.finds(to: helper.address).first)
        let response = FindResponse(id: request.id, token: Token(bits: .zero), nodes: [other.info])
        let effects = try bench.receive(.findResponse(response), from: helper)
        #expect(effects.finds(to: other.address).map(\.target) == [target])
    }

    @Test func neighboursOfOneNetworkDoNotShortenTheServingOfAValue() throws {
        func closer(_ networks: (UInt32) -> UInt32) throws -> Duration {
            var bench = try Bench(listeningOn: own)
            let ownID = try #require(bench.node.endpoints.first).nodeID
            let far = Target(bits: ownID.bits ^ Bits160(high: .max, middle: .max, low: .max))
            for number in 0..<60 { try bench.meet(try peer(UInt32(number), inNetwork: networks(UInt32(number)))) }
            return bench.node.serving.servingTime(of: far, in: .ipv4, &bench.node.overlay, at: bench.now)
        }
        #expect(try closer { $0 / 20 } > closer { $0 })
    }

    @Test func aValueThatAllHoldIsFoundAmongThoseThatFillAKeyOnEachNode() throws {
        var findings = Findings()
        let holders = try (0..<8).map { try peer(1, inNetwork: $0) }
        let value = try Entry(unsigned: Array("value".utf8))
        for rank in 0..<Int(Searches.valuesPerNodeMax) {
            for (place, holder) in holders.enumerated() {
                let filler = try Entry(unsigned: [UInt8(place), UInt8(rank & 0xFF), UInt8(rank >> 8)])
                findings.add(rank == 255 ? value : filler, from: holder.info)
            }
        }
        #expect(findings.all.contains(value))
    }
}
