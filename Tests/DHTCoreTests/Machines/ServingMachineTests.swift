import IPv8
import Testing

@testable import DHTCore

@Suite struct ServingMachineTests {
    private func token(_ serving: inout Serving, for peer: Peer, _ bench: inout MachineBench) throws -> Token {
        let request = FindRequest(id: RequestID(1), lan: .none, target: Target(hashing: "any"), wantsNodes: true)
        serving.find(request, for: peer.info, &bench.overlay, &bench.requests, &bench.turn)
        return try #require(bench.turn.effects.findResponses(to: peer.address).last).token
    }

    @Test func storeIsAnsweredOnceItIsDurable() throws {
        var (bench, peer) = (try MachineBench(), try Peer(1))
        var serving = Serving(bench.configuration, at: bench.now)
        let token = try token(&serving, for: peer, &bench)
        let value = try Entry(unsigned: Array("value".utf8))
        let request = StoreRequest(
            id: RequestID(2), token: token, target: Target(hashing: "key"), values: [value.bytes])
        #expect(serving.refusal(of: .storeRequest(request), from: peer.info, at: bench.now) == nil)
        bench.pass(.milliseconds(1))
        serving.store([value], request, from: peer.info, &bench.overlay, &bench.requests, &bench.turn)
        let commit = try #require(bench.turn.effects.commits.first)
        #expect(bench.turn.effects.count == 1 && commit.1.expiresAt == bench.now + .seconds(3600))
        for (outcome, answerCount) in [(CommitOutcome.failed, 0), (.refused, 0), (.superseded, 1), (.held, 1)] {
            bench.pass(.milliseconds(1))
            serving.committed(
                request.id, of: peer.info, outcome, &bench.overlay, &bench.requests, &bench.turn)
            #expect(bench.turn.effects.messages(to: peer.address).count == answerCount)
        }
    }

    @Test func tokenIsBoundToPeerAndAddress() throws {
        var (bench, peer, other) = (try MachineBench(), try Peer(1), try Peer(2))
        var serving = Serving(bench.configuration, at: bench.now)
        let token = try token(&serving, for: peer, &bench)
        let request = Message.storeRequest(
            StoreRequest(id: RequestID(2), token: token, target: Target(hashing: "key"), values: []))
        #expect(serving.refusal(of: request, from: other.info, at: bench.now) == .badToken)
        let elsewhere = NodeInfo(address: other.address, publicKey: peer.key.publicKey)
        #expect(serving.refusal(of: request, from: elsewhere, at: bench.now) == .badToken)
        #expect(serving.refusal(of: request, from: peer.info, at: bench.now + .seconds(3600)) == .badToken)
    }
}
