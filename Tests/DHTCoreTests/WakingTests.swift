import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// A node is woken when there is something to do, and seldom otherwise: thousands of them share a machine.
@Suite struct WakingTests {
    /// A node with as many contacts as it wants, all of which answer what it asks.
    private func settled() throws -> (bench: Bench, peers: [Peer]) {
        var bench = try Bench()
        let peers = try bench.meetAsManyAsWanted()
        _ = try bench.converse(for: .seconds(60), with: peers)
        return (bench, peers)
    }

    @Test func contactsThatAnswerCostLessThanOneWakeUpASecond() throws {
        var (bench, peers) = try settled()
        let end = bench.now + .seconds(300)
        var wakeUps = 0
        while let wakeUp = bench.node.nextWakeUp, wakeUp <= end {
            wakeUps += 1
            bench.now = max(bench.now, wakeUp)
            let asked = bench.give(.timerFired)
            for peer in peers {
                for ping in asked.pings(to: peer.address) {
                    _ = try bench.receive(.pingResponse(PingResponse(id: ping)), from: peer)
                }
            }
        }
        #expect(wakeUps < 240)
        #expect(bench.node.contacts.count >= Walker.contactsWanted)
    }

    @Test func aContactIsPingedAsSoonAsItHasBeenQuietForTooLong() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let (first, second) = (try Peer(1), try Peer(2))
        try bench.befriend(first)
        _ = bench.pass(.seconds(10))
        try bench.befriend(second)
        #expect(bench.pass(.milliseconds(14_900)).pings(to: first.address).isEmpty)
        #expect(bench.pass(.milliseconds(200)).pings(to: first.address).count == 1)
        _ = bench.pass(.milliseconds(9_700))
        #expect(bench.pass(.milliseconds(300)).pings(to: second.address).count == 1)
    }

    @Test func aContactThatAsksUsIsPingedNowAndThenOnly() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let peer = try Peer(1)
        try bench.befriend(peer)
        var pings: [Int] = []
        for second in stride(from: 20, through: 400, by: 20) {
            for ping in bench.pass(.seconds(20)).pings(to: peer.address) {
                pings.append(second)
                _ = try bench.receive(.pingResponse(PingResponse(id: ping)), from: peer)
            }
            _ = try bench.receive(.pingRequest(PingRequest(id: bench.freshID())), from: peer)
        }
        // Five minutes after it last answered it has to answer once more.
        #expect(pings == [300])
        #expect(bench.pass(.seconds(26)).pings(to: peer.address).count == 1)
    }

    @Test func contactsAreRememberedASecondAfterOneHasCome() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        _ = bench.pass(.seconds(30))
        let (first, second) = (try Peer(1), try Peer(2))
        try bench.befriend(first)
        try bench.befriend(second)
        #expect(bench.pass(.milliseconds(900)).snapshots.isEmpty)
        #expect(bench.pass(.milliseconds(200)).snapshots.map(\.count) == [2])
        #expect(bench.pass(.seconds(20)).snapshots.isEmpty)
    }

    @Test func nobodyIsWokenForARequestThatHasBeenAnswered() throws {
        var table = RequestTable()
        var generator = RandomNumbers(seed: 1)
        let start = Instant(seconds: 1000)
        let request = Request(.ping, at: Bench.address, knownContact: nil, for: .liveness)
        let ids = (1...3).map { second in
            table.add(request, firstDeadline: start + .seconds(second), using: &generator)
        }
        table.remove(ids[1])
        #expect(table.nextDeadline == start + .seconds(1))
        table.remove(ids[0])
        #expect(table.nextDeadline == start + .seconds(3))
        table.remove(ids[2])
        #expect(table.nextDeadline == nil)
    }
}

extension [Effect] {
    /// The contacts of each snapshot that is to be kept.
    fileprivate var snapshots: [[Contact]] {
        compactMap { effect in if case .saveContacts(let contacts, _) = effect { contacts } else { nil } }
    }
}
