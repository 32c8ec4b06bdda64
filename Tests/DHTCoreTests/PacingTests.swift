import IPv8
import Kademlia
import Maintenance
import Testing

@testable import DHTCore

/// How many requests a peer gets at once, whatever a node wants of it.
@Suite struct PacingTests {
    @Test func aBusyNodeWaitsRatherThanFloodAPeer() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        try bench.befriend(peer)
        var effects: [Effect] = []
        for number in 0..<20 {
            effects += bench.give(.commandIssued(CommandID(UInt64(number)), .find(Target(hashing: "\(number)"))))
        }
        let atOnce = effects.messages(to: peer.address).count
        #expect(atOnce <= QueryPacer.requestsMax)
        #expect(bench.node.counters.paced == 20 - atOnce)
        var sent = [(bench.now, atOnce)]
        for _ in 0..<40 {
            let count = bench.pass(.milliseconds(500)).messages(to: peer.address).count { message in
                if case .introductionRequest = message { false } else { true }
            }
            sent.append((bench.now, count))
        }
        #expect(Self.mostInFiveSeconds(sent) <= 10)
    }

    @Test func anAddressIsPacedUnderHoweverManyKeys() throws {
        let peers = try (1...4).map { try Peer($0) }
        let address = peers[0].address
        let contacts = peers.map { peer in
            Contact(NodeInfo(address: address, publicKey: peer.key.publicKey), answeredAt: .distantPast)
        }
        var bench = try Bench(contacts: contacts)
        var effects = bench.give(.timerFired)
        for number in 0..<20 { effects += bench.give(.commandIssued(CommandID(UInt64(number)), .ping(address))) }
        #expect(effects.pings(to: address).count == QueryPacer.requestsMax)
    }

    @Test func whoHasNotAskedForLongIsForgotten() {
        var floods = FloodLimiter<Int>(requestsMax: 10)
        var now = Instant(seconds: 1000)
        for sender in 0..<20_000 {
            _ = floods.admit(sender, at: now)
            now = now + .milliseconds(100)
        }
        // Fifty ask in five seconds.
        #expect(floods.count <= 2 * 64)
        // But who has used up his allowance stays blocked, however many come after him.
        for _ in 0..<10 { _ = floods.admit(-1, at: now) }
        for sender in 0..<2000 { _ = floods.admit(sender, at: now + .seconds(4)) }
        #expect(floods.isBlocked(-1, at: now + .seconds(4)))
    }

    @Test func aTableThatIsFullOfTheBlockedForgetsWhoAskedFirst() {
        var floods = FloodLimiter<Int>(requestsMax: 10)
        let start = Instant(seconds: 1000)
        for sender in 0..<16_384 {
            for _ in 0..<10 { _ = floods.admit(sender, at: start + .microseconds(sender)) }
        }
        #expect(floods.count == 16_384)
        let now = start + .seconds(1)
        for sender in 1...100 { _ = floods.admit(-sender, at: now) }
        #expect(floods.count == 16_384)
        #expect((0..<16_384).count { !floods.isBlocked($0, at: now) } == 100)
        // Those who asked last are still blocked.
        #expect((15_000..<16_384).allSatisfy { floods.isBlocked($0, at: now) })
    }

    @Test func aFullTableForgetsWhoHasAskedLittleBeforeWhoIsBlocked() {
        var floods = FloodLimiter<Int>(requestsMax: 10)
        let now = Instant(seconds: 1000)
        let blocked = stride(from: 0, to: 16_384, by: 8)
        for sender in 0..<16_384 { _ = floods.admit(sender, at: now) }
        for sender in blocked { for _ in 0..<9 { _ = floods.admit(sender, at: now) } }
        for sender in 1...10_000 { _ = floods.admit(-sender, at: now) }
        #expect(floods.count == 16_384)
        #expect(blocked.allSatisfy { floods.isBlocked($0, at: now) })
    }

    @Test func aPacerThatIsFullIsHalvedWhenItIsTidied() {
        var pacer = QueryPacer(republishLimits: RepublishLimits())
        let start = Instant(seconds: 1000)
        func address(_ number: Int) -> Address { Address(host: .v4(0x0900_0000 + UInt32(number)), port: 1) }
        for number in 0..<16_384 {
            for _ in 0..<QueryPacer.requestsMax {
                _ = pacer.reserve(address(number), at: start + .microseconds(number))
            }
        }
        let now = start + .seconds(1)
        _ = pacer.reserve(address(16_384), at: now)
        #expect(pacer.count <= 8192 + 1)
        // Who was asked last still has to be waited for.
        #expect(pacer.reserve(address(16_383), at: now).map { $0 > now } == true)
    }

    @Test func aLateTimerMakesNoFlood() throws {
        var bench = try Bench()
        let address = try Peer(1).address
        for number in 0..<40 { _ = bench.give(.commandIssued(CommandID(UInt64(number)), .ping(address))) }
        bench.now = bench.now + .seconds(20)
        var sent = [(bench.now, bench.give(.timerFired).pings(to: address).count)]
        for _ in 0..<100 { sent.append((bench.now, bench.pass(.milliseconds(500)).pings(to: address).count)) }
        #expect(sent.map(\.1).reduce(0, +) == 40 - QueryPacer.requestsMax)
        #expect(Self.mostInFiveSeconds(sent) <= 10)
    }

    /// The most messages that fall within five seconds.
    private static func mostInFiveSeconds(_ sent: [(at: Instant, count: Int)]) -> Int {
        sent.map { first in
            sent.filter { $0.at >= first.at && $0.at - first.at < .seconds(5) }.map(\.count).reduce(0, +)
        }.max() ?? 0
    }
}
