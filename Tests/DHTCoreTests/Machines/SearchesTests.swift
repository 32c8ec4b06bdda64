import IPv8
import Maintenance
import Testing

@testable import DHTCore

@Suite struct SearchesTests {
    private let target = Target(hashing: "key")

    @Test func lookupIsOverWhenEachContactHasAnsweredOrFailed() throws {
        var bench = try MachineBench()
        var searches = Searches(bench.configuration)
        let peers = [try Peer(1), try Peer(2)]
        for peer in peers { bench.befriend(peer) }
        let begun = searches.begin(.find(CommandID(1)), for: target, &bench.overlay, &bench.requests, &bench.turn)
        let id = try #require(begun)
        let unfinished = searches.advance(id, &bench.overlay, &bench.requests, &bench.turn)
        #expect(unfinished == nil)
        #expect(peers.allSatisfy { bench.turn.effects.finds(to: $0.address).count == 1 })
        let value = try Entry(unsigned: Array("value".utf8))
        let response = FindResponse(id: RequestID(1), token: Token(bits: .zero), values: [value.bytes])
        let afterFirst = searches.answered(
            id, by: peers[0].info, response, [value], &bench.overlay, &bench.requests, &bench.turn)
        #expect(afterFirst == nil)
        let finishedFound = searches.failed(id, peers[1].info, &bench.overlay, &bench.requests, &bench.turn)
        let finished = try #require(finishedFound)
        #expect(finished.findings.all == [value])
        #expect(finished.askedCount == 2 && finished.answeredCount == 1 && finished.holderCount == 1)
        #expect(searches.count == 0)
    }

    @Test func lookupThatKnowsNobodyIsOverAtOnce() throws {
        var bench = try MachineBench()
        var searches = Searches(bench.configuration)
        let idFound = searches.begin(.refresh(nil), for: target, &bench.overlay, &bench.requests, &bench.turn)
        let id = try #require(idFound)
        #expect(searches.isRefreshing)
        let finished = searches.advance(id, &bench.overlay, &bench.requests, &bench.turn)
        #expect(finished?.askedCount == 0 && !searches.isRefreshing)
    }

    @Test func roomThatWasKeptForANodeIsFreeOnceItIsItsTurn() throws {
        var bench = try MachineBench { $0.republishLimits.packetsPerSecond = 4 }
        var searches = Searches(bench.configuration)
        bench.requests.refillBudget(at: bench.now)
        let begun = searches.begin(.refresh(nil), for: target, &bench.overlay, &bench.requests, &bench.turn)
        let id = try #require(begun)
        bench.requests.promise()
        #expect(!bench.requests.haveRoomForMaintenance)
        // The lookup ends before the node has been punctured, so it is not asked.
        _ = searches.advance(id, &bench.overlay, &bench.requests, &bench.turn)
        _ = searches.ask(
            try Peer(1).info, for: id, isBudgeted: true, &bench.overlay, &bench.requests, &bench.turn)
        #expect(bench.requests.haveRoomForMaintenance)
    }

    @Test func noMoreLookupsBeginThanMayBeUnderWay() throws {
        var bench = try MachineBench()
        var searches = Searches(bench.configuration)
        var begun = 0
        while searches.begin(.refresh(nil), for: target, &bench.overlay, &bench.requests, &bench.turn) != nil {
            begun += 1
        }
        #expect(begun == Searches.countMax)
    }

    @Test func lateAcknowledgementHasAnotherNodeAskedAndIsNotWaitedForOnceThereAreEnough() throws {
        let value = try Entry(unsigned: [1])
        let peers = try (1...9).map { try Peer($0) }
        let candidates = peers.map { (node: $0.info, token: Token(bits: .zero)) }
        var publication = Publication(command: CommandID(1), target: target, entry: value, candidates: candidates)
        while publication.takeNextCandidate() != nil { publication.noteAsked() }
        #expect(publication.awaited.promptCount == 8 && publication.tokenCount == 1)
        publication.awaited.becameLate()
        let another = publication.takeNextCandidate()
        #expect(another?.node == peers[8].info)
        publication.noteAsked()
        for _ in 0..<7 {
            publication.awaited.ended(wasLate: false)
            publication.acknowledgedCount += 1
        }
        var (prompt, late) = (publication, publication)
        prompt.awaited.ended(wasLate: false)
        #expect(!prompt.isOver)
        prompt.acknowledgedCount += 1
        #expect(prompt.isOver && prompt.outcome == PublishOutcome(askedCount: 9, acknowledgedCount: 8))
        late.awaited.ended(wasLate: true)
        late.acknowledgedCount += 1
        #expect(!late.isOver && late.awaited.promptCount == 1)
    }

    @Test func publicationWithoutRespondersCompletes() throws {
        var bench = try MachineBench()
        var searches = Searches(bench.configuration)
        let value = try Entry(unsigned: [1])
        let begun = searches.begin(
            .publish(CommandID(7), value), for: target, &bench.overlay, &bench.requests, &bench.turn)
        let id = try #require(begun)
        let lookupFound = searches.advance(id, &bench.overlay, &bench.requests, &bench.turn)
        let lookup = try #require(lookupFound)
        searches.publish(value, onRespondersOf: lookup, for: CommandID(7), &bench.requests, &bench.turn)
        #expect(bench.turn.effects.outcomes == [.published(PublishOutcome(askedCount: 0, acknowledgedCount: 0))])
    }
}
