import DHTCore
import IPv8
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Bristlecone

/// Real datagrams between a node and a bare socket, on loopback.
@Suite(.serialized) struct DatagramSocketTests {
    @Test(arguments: ["127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:8090", "[2001:db8::1:2]:1"])
    func addressesSurviveTheSystemsForm(text: String) throws {
        let address = try #require(Address(text))
        let copy = address.withSocketAddress { Address(socketAddress: $0, byteCount: Int($1)) }
        #expect(copy == address)
        let forNIO = try SocketAddress(packedIPAddress: ByteBuffer(bytes: address.host.bytes), port: Int(address.port))
        #expect(Address(forNIO) == address)
    }

    @Test func aDatagramThatTheSystemRefusesDoesNotCloseTheSocket() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let refusals = SendRefusals(logger: Logger(label: "test"))
        let traffic = TrafficMeter()
        let socket = try await DatagramSocket.bind(
            Address(host: .v4(0x7F00_0001), port: 0), on: group.next(), refusals: refusals, traffic: traffic)
        let peer = try Wire()
        defer { peer.close() }
        // Broadcasting needs a permission that the socket does not ask for.
        socket.send([1], to: Address(host: .v4(.max), port: 9))
        let packet = Packet.encode(.pingRequest(PingRequest(id: RequestID(7))), signedBy: try PrivateKey.generate())
        socket.send(packet, to: peer.address)
        let received = peer.receive { message in
            if case .pingRequest(let request) = message { request.id } else { nil }
        }
        #expect(received == RequestID(7))
        #expect(refusals.counters == ["send_refused.other": 1])
        let counted = traffic.traffic.filter { $0.datagrams > 0 }
        // The datagram that was refused does not count.
        #expect(counted.map(\.kind) == [.pingRequest] && counted.map(\.direction) == [.sent])
        #expect(counted.first?.bytes == packet.count)
        await socket.close()
    }

    @Test func largeDatagramsArriveWhole() async throws {
        try await withNode { node, address in
            let (peer, key) = (try Wire(), try PrivateKey.generate(.high))
            defer { peer.close() }
            let target = Target(hashing: "large")
            peer.send(
                Packet.encode(
                    .findRequest(FindRequest(id: RequestID(1), lan: .none, target: target, wantsNodes: false)),
                    signedBy: key), to: address)
            let token = try #require(
                peer.receive { message in
                    if case .findResponse(let response) = message { response.token } else { nil }
                })
            let values = (0..<8).map { [0] + [UInt8](repeating: UInt8($0), count: 169) }
            let store = StoreRequest(id: RequestID(2), token: token, target: target, values: values)
            let packet = Packet.encode(.storeRequest(store), signedBy: key)
            #expect(packet.count > 1700)
            peer.send(packet, to: address)
            let stored = peer.receive { message in
                if case .storeResponse(let response) = message { response.id } else { nil }
            }
            #expect(stored == RequestID(2))
            #expect(try await node.localValues(key: target).values.count == 8)
            let counted = node.traffic.filter { $0.kind == .storeRequest }
            #expect(counted.map(\.direction) == [.received, .sent] && counted.map(\.datagrams) == [1, 0])
            #expect(counted.first?.bytes == packet.count && counted.first?.first != nil && counted.last?.first == nil)
        }
    }

    private func withNode(_ body: (BristleconeNode, Address) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        var settings = NodeSettings()
        settings.dataFolder = folder.path + "/data"
        settings.listen = [Address(host: .v4(0x7F00_0001), port: 0)]
        settings.bootstrap = false
        let node = try await BristleconeNode.start(settings, logger: Logger(label: "test"))
        let address = try #require(await node.status().endpoints.first).listen
        do {
            try await body(node, address)
        } catch {
            await node.shutdown()
            throw error
        }
        await node.shutdown()
    }
}
