import IPv8
import Kademlia
import Maintenance
import Testing

@testable import DHTCore

/// Searches in a network where nodes sit behind NATs.
@Suite struct PuncturedLookupTests {
    private let target = Target(hashing: "key")
    private let own = Address(host: .v4(0x0808_0101), port: 8090)

    private func peer(_ number: Int) throws -> Peer {
        Peer(
            key: try PrivateKey.generate(), address: Address(host: .v4(UInt32(0x0900_0000 + number * 65_536)), port: 1))
    }

    /// Begins a lookup, in which the one contact names others.
    private func lookUp(in bench: inout Bench, through helper: Peer, naming named: [Peer]) throws -> [Effect] {
        let find = bench.give(.commandIssued(CommandID(1), .find(target)))
        _ = bench.give(.entriesLoaded(try #require(find.loads.first).id, []))
        let request = try #require(find.finds(to: helper.address).first)
        let response = FindResponse(id: request.id, token: Token(bits: .zero), nodes: named.map(\.info))
        return try bench.receive(.findResponse(response), from: helper)
    }

    @Test func whoWasNotNamedFirstIsPuncturedByWhoNamedItBeforeItIsAsked() throws {
        var bench = try Bench(listeningOn: own)
        let (helper, first, second) = (try peer(1), try peer(2), try peer(3))
        try bench.befriend(helper)
        var effects = try lookUp(in: &bench, through: helper, naming: [first, second])
        #expect(effects.finds(to: first.address).map(\.target) == [target])
        #expect(effects.finds(to: second.address) == [])
        let puncturing = try #require(effects.finds(to: helper.address).first)
        let secondID = NodeID(host: second.address.host, mid: second.key.publicKey.mid)
        #expect(puncturing.target.bits == secondID.bits && puncturing.wantsNodes)
        let punctured = FindResponse(id: puncturing.id, token: Token(bits: .zero), nodes: [second.info])
        effects = try bench.receive(.findResponse(punctured), from: helper)
        #expect(effects.finds(to: second.address).map(\.target) == [target])
    }

    @Test func nodeThatHasSentSomethingLatelyIsAskedWithoutAPuncture() throws {
        var bench = try Bench(listeningOn: own)
        let (helper, first, second) = (try peer(1), try peer(2), try peer(3))
        try bench.befriend(helper)
        _ = try bench.receive(.pingRequest(PingRequest(id: RequestID(1))), from: second)
        let effects = try lookUp(in: &bench, through: helper, naming: [first, second])
        #expect(effects.finds(to: second.address).map(\.target) == [target])
        #expect(effects.finds(to: helper.address).isEmpty)
    }

    @Test func nodeThatHasBeenQuietForAMinuteIsPuncturedAgain() throws {
        var bench = try Bench(listeningOn: own)
        let (helper, first, second) = (try peer(1), try peer(2), try peer(3))
        _ = try bench.receive(.pingRequest(PingRequest(id: RequestID(1))), from: second)
        _ = bench.pass(.seconds(60))
        try bench.befriend(helper)
        let effects = try lookUp(in: &bench, through: helper, naming: [first, second])
        #expect(effects.finds(to: second.address).isEmpty && effects.finds(to: helper.address).count == 1)
    }

    /// As after the machine has slept: answers are late and given up in the same moment.
    @Test func aNodeIsAskedOnceThoughItsPunctureIsLateAndGivenUpAtOnce() throws {
        var bench = try Bench(listeningOn: own)
        let (helper, first, second) = (try peer(1), try peer(2), try peer(3))
        try bench.befriend(helper)
        _ = try lookUp(in: &bench, through: helper, naming: [first, second])
        bench.now = bench.now + .seconds(10)
        let later = bench.give(.timerFired)
        #expect(later.finds(to: second.address).map(\.target) == [target])
    }

    @Test func aHelperThatFallsSilentDoesNotKeepTheNodeFromBeingAsked() throws {
        var bench = try Bench(listeningOn: own)
        let (helper, first, second) = (try peer(1), try peer(2), try peer(3))
        try bench.befriend(helper)
        _ = try lookUp(in: &bench, through: helper, naming: [first, second])
        let later = bench.pass(.seconds(10))
        #expect(later.finds(to: second.address).map(\.target) == [target])
        #expect(later.outcomes.count == 1)
    }

    @Test func nodeIsAskedAtOnceIfWhoNamedItIsBusy() throws {
        var bench = try Bench(listeningOn: own)
        let (helper, first, second) = (try peer(1), try peer(2), try peer(3))
        try bench.befriend(helper)
        for number in 1...QueryPacer.puncturesMax {
            _ = bench.give(.commandIssued(CommandID(UInt64(1 + number)), .ping(helper.address)))
        }
        let effects = try lookUp(in: &bench, through: helper, naming: [first, second])
        #expect(effects.finds(to: second.address).map(\.target) == [target])
    }

    /// The lookup asks a spare node because a contact is late, and is over while that one is being punctured. A promise that
    /// nobody took back then would be missing from the budget for as long as the node runs.
    @Test func maintenanceHasItsWholeBudgetAgainAfterALookupThatEndedBeforeAPuncture() throws {
        var bench = try Bench(listeningOn: own) { $0.republishLimits.packetsPerSecond = 16 }
        bench.node.overlay.ownIDsSought = Set(bench.node.endpoints.map(\.nodeID))
        let ownRecord = Target(bits: bench.key.publicKey.mid.bits)
        // From both halves of the key space, so that the table has room for all.
        let byDistance = try [1, 2, 3, 4, 5, 512, 513, 514, 515, 516, 517].map(peer)
            .sorted { Distance($0.info.id, ownRecord) < Distance($1.info.id, ownRecord) }
        let (helper, last, punctured, farthest) = (byDistance[1], byDistance[8], byDistance[9], byDistance[10])
        // The closest one is late.
        let prompt = byDistance[1...7]
        for contact in byDistance[...8] { try bench.befriend(contact) }
        let roomBefore = maintenanceRoom(of: bench)
        var effects: [Effect] = []
        for _ in 0..<100 where bench.node.searches.count == 0 { effects = bench.pass(.milliseconds(100)) }
        let request = try #require(effects.finds(to: helper.address).first)
        let naming = FindResponse(
            id: request.id, token: Token(bits: .zero), nodes: [farthest.info, punctured.info])
        effects += try bench.receive(.findResponse(naming), from: helper)
        var (puncturing, lastFind): (FindRequest?, FindRequest?)
        for _ in 0..<20 where puncturing == nil {
            effects = try answers(of: prompt, to: effects, in: &bench)
            puncturing = effects.finds(to: helper.address).first { $0.target.bits == punctured.info.id.bits }
            lastFind = lastFind ?? effects.finds(to: last.address).first
        }
        let lastAnswer = FindResponse(id: try #require(lastFind).id, token: Token(bits: .zero))
        _ = try bench.receive(.findResponse(lastAnswer), from: last)
        #expect(bench.node.searches.count == 0)

        let answer = FindResponse(
            id: try #require(puncturing).id, token: Token(bits: .zero), nodes: [punctured.info])
        _ = try bench.receive(.findResponse(answer), from: helper)
        bench.now = bench.now + .seconds(2)
        #expect(maintenanceRoom(of: bench) == roomBefore)
    }

    /// Has peers answer pings and finds, 100 ms later. Returns what the node wants done meanwhile and after that.
    private func answers(
        of peers: some Sequence<Peer>, to effects: [Effect], in bench: inout Bench
    ) throws -> [Effect] {
        var next = bench.pass(.milliseconds(100))
        for peer in peers {
            for id in effects.pings(to: peer.address) {
                next += try bench.receive(.pingResponse(PingResponse(id: id)), from: peer)
            }
            for find in effects.finds(to: peer.address) {
                let response = FindResponse(id: find.id, token: Token(bits: .zero))
                next += try bench.receive(.findResponse(response), from: peer)
            }
        }
        return next
    }

    /// How many requests maintenance may announce before its budget is used up.
    private func maintenanceRoom(of bench: Bench) -> Int {
        var requests = bench.node.requests
        requests.refillBudget(at: bench.now)
        var count = 0
        while requests.haveRoomForMaintenance {
            requests.promise()
            count += 1
        }
        return count
    }
}
