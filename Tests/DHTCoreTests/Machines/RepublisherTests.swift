import IPv8
import Maintenance
import Testing

@testable import DHTCore

@Suite struct RepublisherTests {
    private let target = Target(hashing: "key")

    @Test func tableIsGoodOnceItIsAsLargeAsBeforeAndTheNeighboursAreKnown() throws {
        var bench = try MachineBench()
        var republisher = Republisher(bench.configuration, contactsBefore: 4)
        var isGood = republisher.isTableGood(&bench.overlay, isRefreshing: false, at: bench.now)
        #expect(!isGood)
        for number in 1...2 { bench.befriend(try Peer(number)) }
        isGood = republisher.isTableGood(&bench.overlay, isRefreshing: false, at: bench.now)
        #expect(!isGood)
        bench.overlay.ownIDIsSought(in: .ipv4)
        isGood = republisher.isTableGood(&bench.overlay, isRefreshing: true, at: bench.now)
        #expect(!isGood)
        isGood = republisher.isTableGood(&bench.overlay, isRefreshing: false, at: bench.now)
        #expect(isGood)
    }

    @Test func tableThatStaysSmallerIsGoodAfterAMinute() throws {
        var bench = try MachineBench()
        var republisher = Republisher(bench.configuration, contactsBefore: 100)
        bench.befriend(try Peer(1))
        bench.overlay.ownIDIsSought(in: .ipv4)
        var isGood = republisher.isTableGood(&bench.overlay, isRefreshing: false, at: bench.now)
        #expect(!isGood)
        isGood = republisher.isTableGood(&bench.overlay, isRefreshing: false, at: bench.now + .seconds(60))
        #expect(isGood)
    }

    @Test func arcWantsALookupThenReadsAndReportsWhatOthersAreCloserTo() throws {
        var bench = try MachineBench()
        var republisher = Republisher(bench.configuration, contactsBefore: 0)
        republisher.listDueKeys(&bench.turn)
        guard case .listDueKeys(_, let limit)? = bench.turn.effects.first else {
            Issue.record("nothing is listed: \(bench.turn.effects)")
            return
        }
        let due = DueKeys(
            keys: [DueKey(target: target, deadline: .distantPast, isPinned: false)], total: 1, kept: 1, nextDue: nil)
        let isListed = republisher.listed(due, limit: limit, &bench.overlay, at: bench.now)
        #expect(isListed && republisher.isBusy)
        #expect(republisher.snapshot(0).lateKeys == 1)
        bench.requests.refillBudget(at: bench.now)
        let runFound = republisher.beginNextArc(&bench.overlay, &bench.requests, &bench.turn)
        let run = try #require(runFound)
        let wantFound = republisher.advance(run, &bench.requests, &bench.turn)
        let want = try #require(wantFound)
        #expect(want.target == target)
        var searches = Searches(bench.configuration)
        let lookupFound = searches.begin(want.purpose, for: want.target, &bench.overlay, &bench.requests, &bench.turn)
        let lookup = try #require(lookupFound)
        republisher.lookupBegan(for: run)
        let finishedFound = searches.advance(lookup, &bench.overlay, &bench.requests, &bench.turn)
        let finished = try #require(finishedFound)
        republisher.pooled(finished, for: run)
        bench.pass(.milliseconds(1))
        let next = republisher.advance(run, &bench.requests, &bench.turn)
        #expect(next == nil)
        guard case .loadRepublishable(_, [target])? = bench.turn.effects.first else {
            Issue.record("nothing is read: \(bench.turn.effects)")
            return
        }
        bench.pass(.milliseconds(1))
        republisher.loaded(
            [RepublishableTarget(target: target, values: [])], for: run, &bench.overlay, &bench.turn)
        let afterwards = republisher.advance(run, &bench.requests, &bench.turn)
        #expect(afterwards == nil && !republisher.isBusy)
        guard case .noteRepublication(let report)? = bench.turn.effects.first else {
            Issue.record("nothing is reported: \(bench.turn.effects)")
            return
        }
        #expect(report.outcome == .othersCloser && report.retryAt == bench.now + .seconds(900))
    }
}
