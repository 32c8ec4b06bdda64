import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// Searches in a network where nodes sit behind NATs.
@Suite struct PuncturedLookupTests {
    private let target = Target(hashing: "key")
    private let own = Address(host: .v4(0x0808_0101), port: 8090)

    private func peer(_ number: Int) throws -> Peer {
        Peer(
            key: try PrivateKey.generate(), address: Address(host: .v4(UInt32(0x0900_0000 + number * 65_536)), port: 1))
    }

    @Test func whoWasNotNamedFirstIsPuncturedByWhoNamedItBeforeItIsAsked() throws {
        var bench = try Bench(listeningOn: own)
        let (helper, first, second) = (try peer(1), try peer(2), try peer(3))
        try bench.befriend(helper)
        let find = bench.give(.commandIssued(CommandID(1), .find(target)))
        _ = bench.give(.entriesLoaded(try #require(find.loads.first).id, []))
        let request = try #require(find.finds(to: helper.address).first)
        let nodes = [first.info, second.info]
        let response = FindResponse(id: request.id, token: Token(bits: .zero), nodes: nodes)
        var effects = try bench.receive(.findResponse(response), from: helper)
        #expect(effects.finds(to: first.address).map(\.target) == [target])
        #expect(effects.finds(to: second.address) == [])
        let puncturing = try #require(effects.finds(to: helper.address).first)
        let secondID = NodeID(host: second.address.host, mid: second.key.publicKey.mid)
        #expect(puncturing.target.bits == secondID.bits && puncturing.wantsNodes)
        let punctured = FindResponse(id: puncturing.id, token: Token(bits: .zero), nodes: [second.info])
        effects = try bench.receive(.findResponse(punctured), from: helper)
        #expect(effects.finds(to: second.address).map(\.target) == [target])
    }

    /// As after the machine has slept: answers are late and given up in the same moment.
    @Test func aNodeIsAskedOnceThoughItsPunctureIsLateAndGivenUpAtOnce() throws {
        var bench = try Bench(listeningOn: own)
        let (helper, first, second) = (try peer(1), try peer(2), try peer(3))
        try bench.befriend(helper)
        let find = bench.give(.commandIssued(CommandID(1), .find(target)))
        _ = bench.give(.entriesLoaded(try #require(find.loads.first).id, []))
        let request = try #require(find.finds(to: helper.address).first)
        let response = FindResponse(id: request.id, token: Token(bits: .zero), nodes: [first.info, second.info])
        _ = try bench.receive(.findResponse(response), from: helper)
        bench.now = bench.now + .seconds(10)
        let later = bench.give(.timerFired)
        #expect(later.finds(to: second.address).map(\.target) == [target])
    }

    @Test func aHelperThatFallsSilentDoesNotKeepTheNodeFromBeingAsked() throws {
        var bench = try Bench(listeningOn: own)
        let (helper, first, second) = (try peer(1), try peer(2), try peer(3))
        try bench.befriend(helper)
        let find = bench.give(.commandIssued(CommandID(1), .find(target)))
        _ = bench.give(.entriesLoaded(try #require(find.loads.first).id, []))
        let request = try #require(find.finds(to: helper.address).first)
        let nodes = [first.info, second.info]
        let response = FindResponse(id: request.id, token: Token(bits: .zero), nodes: nodes)
        _ = try bench.receive(.findResponse(response), from: helper)
        let later = bench.pass(.seconds(10))
        #expect(later.finds(to: second.address).map(\.target) == [target])
        #expect(later.outcomes.count == 1)
    }
}
