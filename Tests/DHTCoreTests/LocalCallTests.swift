import IPv8
import Testing

@testable import DHTCore

/// Finding peers in the local network.
@Suite struct LocalCallTests {
    private let neighbour = Address(host: .v4(0xC0A8_0102), port: 4000)

    private func bench(calls: Bool) throws -> Bench {
        try Bench(listeningOn: Address(host: .v4(0), port: 8090)) {
            $0.callsLocalNetwork = calls
            $0.lanHosts = [.v4(0xC0A8_0101)]
        }
    }

    @Test(arguments: [false, true])
    func nobodyIsCalledUnlessThatIsWanted(calls: Bool) throws {
        var bench = try bench(calls: calls)
        let count = bench.pass(.seconds(61)).count { $0 == .callLocalNetwork }
        #expect(count == (calls ? 3 : 0), "at once, and every half minute while nobody is known")
    }

    @Test func whoKnowsSomebodyDoesNotCall() throws {
        var bench = try bench(calls: true)
        try bench.befriend(Peer(key: try PrivateKey.generate(), address: neighbour))
        bench.leaveNeighboursAlone()
        #expect(!bench.pass(.seconds(20)).contains(.callLocalNetwork))
    }

    @Test func aCallerIsWalkedToAFewTimes() throws {
        var bench = try bench(calls: true)
        let walks = (0..<30).flatMap { _ in
            bench.give(.datagramReceived(LocalCall.bytes, from: neighbour)).messages(to: neighbour)
        }
        #expect(walks.count == 10, "a call is smaller than the answer to it")
    }

    @Test func callsFromElsewhereAndOnesOwnAreNotAnswered() throws {
        var bench = try bench(calls: true)
        let elsewhere = Address(host: .v4(0x0808_0808), port: 4000)
        let own = Address(host: .v4(0xC0A8_0101), port: 8090)
        for source in [elsewhere, own] {
            #expect(bench.give(.datagramReceived(LocalCall.bytes, from: source)).isEmpty)
        }
        var silent = try self.bench(calls: false)
        #expect(silent.give(.datagramReceived(LocalCall.bytes, from: neighbour)).isEmpty)
    }
}
