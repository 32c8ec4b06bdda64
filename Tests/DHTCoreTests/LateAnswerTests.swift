import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// What a node does while answers are late.
@Suite struct LateAnswerTests {
    private let target = Target(hashing: "key")

    @Test func answersWithinTheBoundsSetWhatIsLate() {
        var trips = RoundTrips()
        #expect(trips.late(.find) == RoundTrips.lateMax)
        trips.note(.milliseconds(1), of: .introduction)
        #expect(trips.late(.find) == RoundTrips.lateMax)
        for _ in 0..<200 { trips.note(.milliseconds(1), of: .ping) }
        #expect(trips.late(.find) == RoundTrips.lateMin && trips.late(.store) == RoundTrips.lateMax)
        for number in 0..<400 { trips.note(.milliseconds(number % 2 == 0 ? 100 : 200), of: .find) }
        // 150 ms, 50 ms from each.
        #expect((.milliseconds(320)...Duration.milliseconds(380)).contains(trips.late(.ping)))
        for _ in 0..<200 { trips.note(.seconds(2), of: .find) }
        #expect(trips.late(.find) == RoundTrips.lateMax)
    }

    @Test func lookupWithDeadContactsIsOverLongBeforeTheyAreGivenUp() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let peers = try (1...12).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        let dead = Set(peers.prefix(3).map(\.address))
        var effects = bench.give(.commandIssued(CommandID(1), .find(target)))
        effects += bench.give(.entriesLoaded(try #require(effects.loads.first).id, []))
        var outcomes = effects.outcomes
        for _ in 0..<20 where outcomes.isEmpty {
            var next: [Effect] = []
            for peer in peers where !dead.contains(peer.address) {
                for find in effects.finds(to: peer.address) {
                    let answer = FindResponse(id: find.id, token: Token(bits: .zero))
                    next += try bench.receive(.findResponse(answer), from: peer)
                }
            }
            if next.isEmpty { next = bench.pass(.milliseconds(50)) }
            effects = next
            outcomes += next.outcomes
        }
        guard case .found(let found)? = outcomes.first else {
            Issue.record("the lookup is not over after a second: \(outcomes)")
            return
        }
        #expect(found.answeredCount >= 8 && bench.node.counters.timeouts == 0)
    }

    @Test func nextLookupAsksOthersBeforeThoseThatWereLate() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let peers = try (1...12).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        // Each lookup asks the closest first, so these are asked in any case.
        let byDistance = peers.sorted { Distance($0.info.id, target) < Distance($1.info.id, target) }
        let dead = Array(byDistance.prefix(3))
        let first = try lookUp(CommandID(1), in: &bench, answering: Array(byDistance.dropFirst(3)))
        #expect(dead.allSatisfy { first.finds(to: $0.address).count == 1 })
        let second = try lookUp(CommandID(2), in: &bench, answering: Array(byDistance.dropFirst(3)))
        #expect(dead.allSatisfy { second.finds(to: $0.address).isEmpty })
        // An answer, though late, ends the doubt.
        let find = try #require(first.finds(to: dead[0].address).first)
        _ = try bench.receive(.findResponse(FindResponse(id: find.id, token: Token(bits: .zero))), from: dead[0])
        let third = try lookUp(CommandID(3), in: &bench, answering: byDistance)
        #expect(third.finds(to: dead[0].address).count == 1 && third.finds(to: dead[1].address).isEmpty)
    }

    /// Makes a lookup in which some peers answer at once, until it is over. Returns what the node did.
    private func lookUp(_ id: CommandID, in bench: inout Bench, answering peers: [Peer]) throws -> [Effect] {
        var latest = bench.give(.commandIssued(id, .find(target)))
        latest += bench.give(.entriesLoaded(try #require(latest.loads.first).id, []))
        var effects = latest
        for _ in 0..<40 where effects.outcomes.isEmpty {
            var next: [Effect] = []
            for peer in peers {
                for find in latest.finds(to: peer.address) {
                    let answer = FindResponse(id: find.id, token: Token(bits: .zero))
                    next += try bench.receive(.findResponse(answer), from: peer)
                }
            }
            if next.isEmpty { next = bench.pass(.milliseconds(50)) }
            latest = next
            effects += next
        }
        #expect(effects.outcomes.count == 1)
        return effects
    }

    @Test func nodeThatWasLateOnceBecomesNoWorseContact() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let peer = try Peer(1)
        try bench.befriend(peer)
        let effects = bench.give(.commandIssued(CommandID(1), .find(target)))
        _ = bench.give(.entriesLoaded(try #require(effects.loads.first).id, []))
        let find = try #require(effects.finds(to: peer.address).first)
        let early = bench.pass(.milliseconds(1900)).outcomes
        #expect(early.isEmpty)
        // Nobody else is left to ask, so the answer is waited for as long as before.
        let value = try Entry(unsigned: [7])
        let answer = FindResponse(id: find.id, token: Token(bits: .zero), values: [value.bytes])
        let outcome = try bench.receive(.findResponse(answer), from: peer).outcomes.first
        guard case .found(let found)? = outcome else {
            Issue.record("the lookup ended with \(String(describing: outcome))")
            return
        }
        #expect(found.entries == [value])
        #expect(bench.node.contacts.map(\.failures) == [0])
    }
}
