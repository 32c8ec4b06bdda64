import Glibc
import IPv8

/// Sends packets to a node and waits for the answers, a given number of them at a time.
final class Load {
    private let descriptor: CInt
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    /// How long an answer may take.
    private static let patience = 1.0

    struct Result {
        var answered: Int
        var seconds: Double
    }

    struct SocketError: Error {}

    /// Makes a socket that talks to a node only.
    init(to address: Address) throws {
        descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        var bytes: CInt = 4 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<CInt>.size))
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard case .v4(let host) = address.host else { throw SocketError() }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = address.port.bigEndian
        name.sin_addr.s_addr = host.bigEndian
        let status = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw SocketError() }
    }

    /// Sends the packets in order; request numbers are their positions.
    func run(_ packets: [[UInt8]], underWay: Int, answered: (Int, Message) -> Void) -> Result {
        var waiting: Set<Int> = []
        var (next, count) = (0, 0)
        let start = Load.now()
        var lastAnswer = start
        while next < packets.count || !waiting.isEmpty {
            while next < packets.count, waiting.count < underWay {
                send(descriptor, packets[next], packets[next].count, 0)
                waiting.insert(next)
                next += 1
            }
            let length = recv(descriptor, &buffer, buffer.count, 0)
            guard length > 0 else {
                // Nobody answered for a second: what was under way is lost.
                waiting.removeAll()
                continue
            }
            guard let (number, message) = response(length), waiting.remove(number) != nil else { continue }
            answered(number, message)
            count += 1
            lastAnswer = Load.now()
        }
        return Result(answered: count, seconds: lastAnswer - start)
    }

    private func response(_ length: Int) -> (Int, Message)? {
        guard let message = try? Packet(decoding: Array(buffer[..<length])).message else { return nil }
        switch message {
        case .pingResponse(let response): return (Int(response.id.number), message)
        case .findResponse(let response): return (Int(response.id.number), message)
        case .storeResponse(let response): return (Int(response.id.number), message)
        default: return nil
        }
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
