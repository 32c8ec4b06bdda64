import Glibc
import IPv8

@testable import Bristlecone

/// A bare UDP socket on loopback, which waits a few seconds for what it is to receive.
final class Wire {
    let address: Address
    private let descriptor: CInt

    init() throws {
        let descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let any = Address(host: .v4(0x7F00_0001), port: 0)
        guard any.withSocketAddress({ bind(descriptor, $0, $1) }) == 0 else { throw WireFailure() }
        var storage = sockaddr_storage()
        var byteCount = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let bound = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                getsockname(descriptor, pointer, &byteCount) == 0
                    ? Address(socketAddress: pointer, byteCount: Int(byteCount)) : nil
            }
        }
        guard let bound else { throw WireFailure() }
        address = bound
        self.descriptor = descriptor
    }

    func close() { Glibc.close(descriptor) }

    func send(_ bytes: [UInt8], to address: Address) {
        _ = address.withSocketAddress { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }
    }

    /// The first message that is what is looked for; others are passed over. `nil` where none comes in time.
    func receive<Result>(_ pick: (Message) -> Result?) -> Result? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        for _ in 0..<100 {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            guard let packet = try? Packet(decoding: Array(buffer[..<count])) else { continue }
            if let result = pick(packet.message) { return result }
        }
        return nil
    }
}

struct WireFailure: Error {}
