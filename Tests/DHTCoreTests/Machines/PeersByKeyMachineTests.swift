import IPv8
import Testing

@testable import DHTCore

@Suite struct PeersByKeyMachineTests {
    private func lookup(for mid: Mid, _ bench: inout MachineBench) throws -> ActiveLookup {
        var searches = Searches(bench.configuration)
        let target = Target(bits: mid.bits)
        let begun = searches.begin(.connect(CommandID(1)), for: target, &bench.overlay, &bench.requests, &bench.turn)
        let id = try #require(begun)
        let finished = searches.advance(id, &bench.overlay, &bench.requests, &bench.turn)
        return try #require(finished)
    }

    @Test func registeredPeerIsPingedAndConnectedByItsAnswer() throws {
        var (bench, peer) = (try MachineBench(), try Peer(1))
        var peersByKey = PeersByKey(bench.configuration)
        let mid = peer.key.publicKey.mid
        let request = StorePeerRequest(id: RequestID(1), token: Token(bits: .zero), target: Target(bits: mid.bits))
        peersByKey.store(request, from: peer.info, &bench.overlay, &bench.requests, &bench.turn)
        #expect(peersByKey.registeredCount == 1)
        let lookup = try lookup(for: mid, &bench)
        peersByKey.connect(with: mid, foundBy: lookup, for: CommandID(1), &bench.requests, &bench.turn)
        let ping = try #require(bench.turn.effects.pings(to: peer.address).first)
        let sentFound = bench.requests.takeAnswered(ping)
        let sent = try #require(sentFound)
        guard case .connection(let connection) = sent.purpose else {
            Issue.record("the ping is for \(sent.purpose)")
            return
        }
        peersByKey.connected(peer.info, for: connection, wasLate: false, &bench.turn)
        #expect(bench.turn.effects.outcomes == [.connected([peer.info])] && peersByKey.connectionCount == 0)
    }

    @Test func peerThatNobodyKnowsIsConnectedNowhere() throws {
        var bench = try MachineBench()
        var peersByKey = PeersByKey(bench.configuration)
        let mid = try Peer(1).key.publicKey.mid
        let lookup = try lookup(for: mid, &bench)
        peersByKey.connect(with: mid, foundBy: lookup, for: CommandID(1), &bench.requests, &bench.turn)
        #expect(bench.turn.effects.outcomes == [.connected([])])
    }

    @Test func ownRecordIsSoughtAHolderOnceThereAreContacts() throws {
        var (bench, peer) = (try MachineBench(), try Peer(1))
        var peersByKey = PeersByKey(bench.configuration)
        let whileAlone = peersByKey.keepOwnRecord(&bench.overlay, &bench.requests, &bench.turn)
        #expect(whileAlone == nil)
        bench.befriend(peer)
        let sought = peersByKey.keepOwnRecord(&bench.overlay, &bench.requests, &bench.turn)
        #expect(sought?.bits == bench.key.publicKey.mid.bits)
        peersByKey.confirmed(by: peer.info, at: bench.now)
        bench.pass(.seconds(25))
        _ = peersByKey.keepOwnRecord(&bench.overlay, &bench.requests, &bench.turn)
        #expect(bench.turn.effects.pings(to: peer.address).count == 1)
    }
}
