internal import Glibc
internal import IPv8
internal import NIOCore

/// Addresses in the system's form: `sockaddr_in` and `sockaddr_in6`, which both begin with two bytes for the family and
/// two for the port. The address follows, in `sockaddr_in6` behind four more bytes.
extension Address {
    /// Our form of an address of the system's; `nil` where it is of another family than the two.
    init?(socketAddress: UnsafePointer<sockaddr>, byteCount: Int) {
        let bytes = UnsafeRawBufferPointer(start: socketAddress, count: byteCount)
        guard byteCount >= MemoryLayout<sockaddr_in>.size else { return nil }
        let port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        switch Int32(socketAddress.pointee.sa_family) {
        case AF_INET:
            let host = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            self.init(host: .v4(host), port: port)
        case AF_INET6 where byteCount >= MemoryLayout<sockaddr_in6>.size:
            let high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
            self.init(host: .v6(high, low), port: port)
        default:
            return nil
        }
    }

    /// Our form of an address of SwiftNIO's; `nil` for a Unix socket.
    init?(_ address: SocketAddress) {
        guard let read = address.withSockAddr({ Address(socketAddress: $0, byteCount: $1) }) else { return nil }
        self = read
    }

    /// Lends out the system's form.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        let byteCount = host.family == .ipv4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
        withUnsafeMutableBytes(of: &storage) { bytes in
            let family = sa_family_t(host.family.systemFamily)
            bytes.storeBytes(of: family, as: sa_family_t.self)
            bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
            switch host {
            case .v4(let address): bytes.storeBytes(of: address.bigEndian, toByteOffset: 4, as: UInt32.self)
            case .v6(let high, let low):
                bytes.storeBytes(of: high.bigEndian, toByteOffset: 8, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt64.self)
            }
        }
        return withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(byteCount)) }
        }
    }
}

extension AddressFamily {
    /// The system's number for the family.
    var systemFamily: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        }
    }
}
