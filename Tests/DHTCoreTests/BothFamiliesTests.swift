import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// A node with sockets of both address families.
@Suite struct BothFamiliesTests {
    private static let ipv6 = Address(host: .v6(0xFD00_0000_0000_0001, 1), port: 8090)

    /// One peer, at an address of each family.
    private struct Pair {
        let four: Peer
        let six: Peer

        init(_ number: Int) throws {
            four = try Peer(number)
            let host = IPAddress.v6(0xFD00_0000_0000_0100 + UInt64(number), 1)
            six = Peer(key: four.key, address: Address(host: host, port: 8090))
        }
    }

    private func bench() throws -> Bench {
        var bench = try Bench { $0.listenAddresses.append(Self.ipv6) }
        bench.leaveNeighboursAlone()
        return bench
    }

    @Test func anAnswerOverTheOtherFamilyIsThatOfThePeerThatWasAsked() throws {
        var bench = try bench()
        let pair = try Pair(1)
        try bench.befriend(pair.four)
        let ping = try #require(bench.pass(.seconds(26)).pings(to: pair.four.address).first)
        let effects = try bench.receive(.pingResponse(PingResponse(id: ping)), from: pair.six)
        #expect(bench.node.counters.dropped.isEmpty && !effects.contains(.emit(.contactLost(pair.four.info))))
        let contact = try #require(bench.node.contacts.first { $0.node == pair.four.info })
        #expect(contact.failures == 0 && contact.lastResponse == bench.now)
    }

    @Test func anotherKeyOverTheOtherFamilyIsNotBelieved() throws {
        var bench = try bench()
        let (pair, liar) = (try Pair(1), try Pair(2))
        try bench.befriend(pair.four)
        let ping = try #require(bench.pass(.seconds(26)).pings(to: pair.four.address).first)
        _ = try bench.receive(.pingResponse(PingResponse(id: ping)), from: liar.six)
        #expect(bench.node.counters.dropped == [.refused(.unmatchedResponse): 1])
    }

    @Test func whereOnlyTheAddressWasKnownTheAnswererHasToBeAContactAtTheOther() throws {
        var bench = try bench()
        let (known, unknown) = (try Pair(1), try Pair(2))
        try bench.befriend(known.six)
        for (pair, isBelieved) in [(known, true), (unknown, false)] {
            let asked = bench.give(.commandIssued(CommandID(1), .ping(pair.four.address)))
            let ping = try #require(asked.pings(to: pair.four.address).first)
            let effects = try bench.receive(.pingResponse(PingResponse(id: ping)), from: pair.six)
            #expect(effects.outcomes.count == (isBelieved ? 1 : 0))
        }
    }

    /// A peer that prefers IPv6 cannot answer the old style at all.
    @Test func introductionsAreAskedForSoThatEitherFamilyCanAnswer() throws {
        var bench = try bench()
        let peer = try Peer(1)
        try bench.befriend(peer)
        let requests = bench.pass(.seconds(60)).messages(to: peer.address).compactMap { message in
            if case .introductionRequest(let request) = message { request } else { nil }
        }
        #expect(!requests.isEmpty && requests.allSatisfy { $0.style == .old && $0.flags.contains(.wantsNewStyle) })
    }
}
