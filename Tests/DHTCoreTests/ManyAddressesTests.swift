import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// A node that listens on all addresses of a machine that has several.
@Suite struct ManyAddressesTests {
    private let everywhere = Address(host: .v4(0), port: 8090)
    private let first = IPAddress.v4(0x7F05_0001)
    private let second = IPAddress.v4(0x7F05_0002)

    private func ping(_ id: UInt32, by peer: Peer) -> [UInt8] {
        Packet.encode(.pingRequest(PingRequest(id: RequestID(id))), signedBy: peer.key)
    }

    /// Where each message to an address leaves from.
    private func hosts(_ effects: [Effect], to address: Address) -> [IPAddress?] {
        effects.compactMap { effect -> IPAddress?? in
            if case .send(_, to: address, from: let host) = effect { .some(host) } else { nil }
        }
    }

    @Test func answersAndPingsLeaveFromTheHostThatWasAsked() throws {
        var bench = try Bench(listeningOn: everywhere)
        let peer = try Peer(1)
        for host in [first, second] {
            let effects = try bench.receive(bytes: ping(bench.freshID().number, by: peer), from: peer.address, to: host)
            #expect(!effects.isEmpty)
            #expect(hosts(effects, to: peer.address).allSatisfy { $0 == host })
        }
    }

    @Test func anAnswerThatWaitsForTheDiskLeavesFromTheHostThatWasAsked() throws {
        var bench = try Bench(listeningOn: everywhere)
        let peer = try Peer(1)
        let find = FindRequest(id: RequestID(9), lan: .none, target: Target(hashing: "key"), wantsNodes: false)
        let effects = try bench.receive(
            bytes: Packet.encode(.findRequest(find), signedBy: peer.key), from: peer.address, to: second)
        let load = try #require(
            effects.lazy.compactMap { if case .load(let id, _, _, _) = $0 { id } else { nil } }.first)
        #expect(hosts(bench.give(.entriesLoaded(load, [[0, 1]])), to: peer.address) == [second])
    }

    @Test func keepAlivePingsLeaveFromTheHostThatTheContactAsked() throws {
        var bench = try Bench(listeningOn: everywhere)
        bench.leaveNeighboursAlone()
        let peer = try Peer(1)
        let effects = try bench.receive(bytes: ping(1, by: peer), from: peer.address, to: second)
        let id = try #require(effects.pings(to: peer.address).first)
        let pong = Packet.encode(.pingResponse(PingResponse(id: id)), signedBy: peer.key)
        _ = try bench.receive(bytes: pong, from: peer.address, to: second)
        let later = hosts(bench.pass(.seconds(60)), to: peer.address)
        #expect(!later.isEmpty && later.allSatisfy { $0 == second })
    }

    @Test func somebodyElsesPacketFromTheSameAddressMovesNothing() throws {
        var bench = try Bench(listeningOn: everywhere)
        let peer = try Peer(1)
        let forger = Peer(key: try PrivateKey.generate(), address: peer.address)
        let find = FindRequest(id: RequestID(9), lan: .none, target: Target(hashing: "key"), wantsNodes: false)
        let effects = try bench.receive(
            bytes: Packet.encode(.findRequest(find), signedBy: peer.key), from: peer.address, to: second)
        _ = try bench.receive(bytes: ping(1, by: forger), from: forger.address, to: first)
        let load = try #require(
            effects.lazy.compactMap { if case .load(let id, _, _, _) = $0 { id } else { nil } }.first)
        #expect(hosts(bench.give(.entriesLoaded(load, [[0, 1]])), to: peer.address) == [second])
    }

    @Test func aPunctureLeavesFromTheHostThatItsIntroducerKnows() throws {
        var bench = try Bench(listeningOn: everywhere)
        let walker = Address(host: .v4(0x7F02_0009), port: 8090)
        let request = PunctureRequest(
            style: .old, globalTime: 1, walkerLAN: walker, walkerWAN: walker, identifier: 3)
        let bytes = Packet.encode(.punctureRequest(request), signedBy: bench.key)
        let effects = bench.give(
            .datagramReceived(bytes, from: Address(host: .v4(0x7F02_0001), port: 8090), to: second))
        #expect(hosts(effects, to: walker) == [second])
    }

    @Test func theTableOfPathsIsBounded() {
        var paths = PeerPaths()
        for number in 0..<(3 * UInt32(PeerPaths.generationMax)) {
            let peer = NodeID(host: .v4(number), mid: Mid(bits: .zero))
            paths.note(peer, reached: second)
            #expect(paths.host(for: peer) == second)
        }
        #expect(paths.count <= 2 * PeerPaths.generationMax)
    }
}
