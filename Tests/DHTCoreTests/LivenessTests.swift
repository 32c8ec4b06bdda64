import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// What shows that a node is where it says to be.
@Suite struct LivenessTests {
    private let own = Address(host: .v4(0x0808_0101), port: 8090)

    private func peer(_ number: Int) throws -> Peer {
        let host = IPAddress.v4(UInt32(0x0900_0001 + number << 8))
        return Peer(key: try PrivateKey.generate(), address: Address(host: host, port: 8090))
    }

    @Test func pingsHaveNumbersOf32Bits() throws {
        var bench = try Bench(listeningOn: own)
        var numbers: [UInt32] = []
        for number in 1...40 {
            let peer = try peer(number)
            let ping = PingRequest(id: bench.freshID())
            numbers += try bench.receive(.pingRequest(ping), from: peer).pings(to: peer.address).map(\.number)
        }
        // Forty numbers below a sixteenth of what there may be come once in 16 to the power of 40.
        #expect(numbers.count == 40 && numbers.contains { $0 > UInt32.max / 16 })
    }

    @Test func allAnswersOf16BitsMakeNoContact() throws {
        var bench = try Bench(listeningOn: own)
        let peer = try peer(1)
        let effects = try bench.receive(.pingRequest(PingRequest(id: bench.freshID())), from: peer)
        let ping = try #require(effects.pings(to: peer.address).first)
        try #require(ping.number > RequestID.requestMax)
        for guess in 0...RequestID.requestMax {
            let bytes = Packet.encode(.pingResponse(PingResponse(id: RequestID(guess))), from: peer.key.publicKey) {
                _ in
                [UInt8](repeating: 0, count: 64)
            }
            // Whoever knows the key can sign; nothing gets as far as a check.
            #expect(bench.give(.datagramReceived(bytes, from: peer.address)).isEmpty)
        }
        #expect(bench.node.contacts.isEmpty)
    }

    @Test func answerUnderANumberOf16BitsIsFollowedByAPing() throws {
        let peer = try peer(1)
        var bench = try Bench(listeningOn: own, peers: [peer.address])
        bench.leaveNeighboursAlone()
        guard case .introductionRequest(let asked)? = bench.give(.timerFired).messages(to: peer.address).first else {
            Issue.record("the peer was not asked")
            return
        }
        let answer = IntroductionResponse(
            style: .old, globalTime: 1, destination: own, sourceLAN: .none, sourceWAN: peer.address,
            introducedLAN: .none, introducedWAN: .none, flags: [], identifier: asked.identifier)
        let effects = try bench.receive(.introductionResponse(answer), from: peer)
        #expect(bench.node.contacts.isEmpty)
        let ping = try #require(effects.pings(to: peer.address).first)
        _ = try bench.receive(.pingResponse(PingResponse(id: ping)), from: peer)
        #expect(bench.node.contacts.map(\.node) == [peer.info])
    }

    @Test func otherKeyAtAContactsAddressDoesNotChangeItsLANAddress() throws {
        var bench = try Bench(listeningOn: own)
        bench.leaveNeighboursAlone()
        let contact = try peer(1)
        try bench.befriend(contact)
        let neighbour = Peer(
            key: try PrivateKey.generate(), address: Address(host: contact.address.host, port: 9000))
        let atHome = Address(host: .v4(0xC0A8_0001), port: 8090)
        let forged = Address(host: .v4(0xC0A8_0066), port: 53)
        _ = try bench.receive(introduction(of: atHome, 1), from: contact)
        #expect(try introducedLAN(to: neighbour, 2, by: &bench) == atHome)
        let forger = Peer(key: try PrivateKey.generate(), address: contact.address)
        _ = try bench.receive(introduction(of: forged, 3), from: forger)
        #expect(try introducedLAN(to: neighbour, 4, by: &bench) == atHome)
        _ = try bench.receive(introduction(of: .none, 5), from: forger)
        #expect(try introducedLAN(to: neighbour, 6, by: &bench) == atHome)
    }

    private func introduction(of lan: Address, _ identifier: UInt16) -> Message {
        .introductionRequest(
            IntroductionRequest(
                style: .old, globalTime: 1, destination: own, sourceLAN: lan, sourceWAN: .none, flags: .advice,
                identifier: identifier))
    }

    private func introducedLAN(to asker: Peer, _ identifier: UInt16, by bench: inout Bench) throws -> Address? {
        for message in try bench.receive(introduction(of: .none, identifier), from: asker).messages(to: asker.address) {
            if case .introductionResponse(let response) = message { return response.introducedLAN }
        }
        return nil
    }
}
