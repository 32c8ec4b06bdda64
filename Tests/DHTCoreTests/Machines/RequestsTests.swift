import IPv8
import Maintenance
import Testing

@testable import DHTCore

@Suite struct RequestsTests {
    @Test func requestBeyondWhatAPeerAcceptsWaitsAndIsSentLater() throws {
        var (bench, peer) = (try MachineBench(), try Peer(1))
        for _ in 0..<9 { bench.requests.ping(peer.info, &bench.turn) }
        #expect(bench.turn.effects.pings(to: peer.address).count == 8 && bench.turn.counters.paced == 1)
        let deadline = try #require(bench.requests.nextDeadline)
        bench.pass(deadline - bench.now)
        // The first eight are overdue before the ninth may be sent.
        let unanswered = bench.requests.takeOverdue(at: bench.now)
        #expect(unanswered.allSatisfy { $0.step == .giveUp })
        bench.pass(try #require(bench.requests.nextDeadline) - bench.now)
        let overdue = bench.requests.takeOverdue(at: bench.now)
        let waiting = try #require(overdue.first)
        #expect(waiting.step == .send)
        bench.requests.sendOrPostpone(waiting, &bench.turn)
        #expect(bench.turn.effects.pings(to: peer.address).count == 1)
    }

    @Test func answerBelongsToTheKeyThatWasAsked() throws {
        var (bench, peer) = (try MachineBench(), try Peer(1))
        bench.requests.ping(peer.info, &bench.turn)
        let id = try #require(bench.turn.effects.pings(to: peer.address).first)
        let other = NodeInfo(address: peer.address, publicKey: bench.key.publicKey)
        #expect(bench.requests.expects(id, .ping, from: peer.info, isContact: false))
        #expect(!bench.requests.expects(id, .ping, from: other, isContact: true))
        #expect(!bench.requests.expects(id, .find, from: peer.info, isContact: false))
        let answered = bench.requests.takeAnswered(id)
        #expect(answered?.node == peer.info)
        #expect(!bench.requests.expects(id, .ping, from: peer.info, isContact: false))
    }

    @Test func unreachableAddressIsNotAsked() throws {
        var bench = try MachineBench()
        let outside = Address(host: .v4(0x0808_0808), port: 1)
        let isSubmitted = bench.requests.submit(
            Request(.ping, at: outside, knownContact: nil, for: .walk), &bench.turn)
        #expect(!isSubmitted && bench.turn.effects.isEmpty && bench.requests.count == 0)
    }

    @Test func requestOfALookupIsLateBeforeItIsGivenUp() throws {
        var (bench, peer) = (try MachineBench(), try Peer(1))
        for _ in 0..<100 { bench.requests.note(.milliseconds(20), of: .ping) }
        let body = Request.Body.find(Target(hashing: "key"), offset: 0, wantsNodes: false)
        let lookup = bench.turn.claimActivityID()
        bench.requests.submit(Request(body, to: peer.info, for: .lookup(lookup)), &bench.turn)
        bench.pass(RoundTrips.lateMin)
        let late = bench.requests.takeOverdue(at: bench.now)
        #expect(late.map(\.step) == [.goOn] && bench.requests.count == 1)
        bench.pass(.seconds(2) - RoundTrips.lateMin)
        let given = bench.requests.takeOverdue(at: bench.now)
        #expect(given.map(\.step) == [.giveUp] && given.allSatisfy(\.request.isLate) && bench.requests.count == 0)
    }

    @Test func busyNodeIsNotAskedForPunctures() throws {
        var (bench, introducer) = (try MachineBench(), try Peer(1))
        let find = Request.Body.find(Target(hashing: "key"), offset: 0, wantsNodes: true)
        let lookup = bench.turn.claimActivityID()
        let sent = try (2..<10).map { number in
            let request = Request(find, to: introducer.info, for: .puncture(lookup, try Peer(number).info))
            return bench.requests.submitPuncture(request, &bench.turn)
        }
        #expect(sent == [true, true, true, true, false, false, false, false])
        // What is for the node itself does not have to wait.
        for _ in 0..<4 {
            bench.requests.submit(Request(find, to: introducer.info, for: .lookup(lookup)), &bench.turn)
        }
        #expect(bench.turn.effects.finds(to: introducer.address).count == 8)
    }

    @Test func pingOfAContactIsNeverLate() throws {
        var (bench, peer) = (try MachineBench(), try Peer(1))
        bench.requests.ping(peer.info, &bench.turn)
        bench.pass(.seconds(4))
        let overdue = bench.requests.takeOverdue(at: bench.now)
        #expect(overdue.isEmpty && bench.requests.count == 1)
    }

    @Test func maintenanceSpendsItsBudget() throws {
        var bench = try MachineBench { $0.republishLimits.packetsPerSecond = 4 }
        bench.requests.refillBudget(at: bench.now)
        var sentCount = 0
        for number in 1...10 where bench.requests.haveRoomForMaintenance {
            let peer = try Peer(number)
            let request = Request(.ping, to: peer.info, for: .liveness, isBudgeted: true)
            if bench.requests.submit(request, &bench.turn) { sentCount += 1 }
        }
        #expect((1...4).contains(sentCount))
        bench.pass(.seconds(1))
        bench.requests.refillBudget(at: bench.now)
        #expect(bench.requests.haveRoomForMaintenance)
    }
}
