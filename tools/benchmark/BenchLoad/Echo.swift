import Glibc
import IPv8

/// Answers requests as fast as a process can: sends each one back with the number of its answer in place of its own.
struct Echo {
    func run() throws {
        let socket = try Socket(on: 0x7F00_0001)
        guard let address = socket.address else { throw Socket.failure("read the socket's address") }
        print(address)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Packet.byteCountMax, alignment: 1)
        defer { buffer.deallocate() }
        var sender = sockaddr_in()
        while true {
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let status = withUnsafeMutablePointer(to: &sender) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                    let count = recvfrom(socket.descriptor, buffer.baseAddress, buffer.count, 0, name, &length)
                    guard count > Packet.prefix.count else { return count }
                    buffer[Packet.prefix.count] += 1
                    return sendto(socket.descriptor, buffer.baseAddress, count, 0, name, length)
                }
            }
            guard status >= 0 else { throw Socket.failure("echo") }
        }
    }
}
