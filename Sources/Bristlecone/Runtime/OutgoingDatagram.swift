internal import Glibc
internal import IPv8

/// Sends a datagram from a host of the caller's choice.
///
/// The host goes along as ancillary data, one control message in the system's layout:
///
///     length 8 | level 4 | type 4 | IPv4: interface 4, source host 4, destination 4
///                                 | IPv6: source host 16, interface 4
///
/// Interface 0 leaves the route to the system. The length counts everything up to the end of the data; the whole is padded
/// to a multiple of eight bytes.
enum OutgoingDatagram {
    private static let headerBytes = 16
    private static let ipv4InfoBytes = 12
    private static let ipv6InfoBytes = 20
    private static let controlBytesMax = 40

    /// Returns how many bytes were sent, or -1 with `errno` set.
    static func send(_ bytes: [UInt8], to address: Address, from host: IPAddress?, on descriptor: CInt) -> Int {
        address.withSocketAddress { name, nameLength in
            guard let host, host.family == address.family else {
                return sendto(descriptor, bytes, bytes.count, CInt(MSG_DONTWAIT), name, nameLength)
            }
            return bytes.withUnsafeBytes { payload in
                withControlMessage(from: host) { control in
                    var part = iovec(
                        iov_base: UnsafeMutableRawBufferPointer(mutating: payload).baseAddress, iov_len: payload.count)
                    return withUnsafeMutablePointer(to: &part) { parts in
                        var message = msghdr()
                        message.msg_name = UnsafeMutableRawPointer(mutating: name)
                        message.msg_namelen = nameLength
                        message.msg_iov = parts
                        message.msg_iovlen = 1
                        message.msg_control = control.baseAddress
                        message.msg_controllen = control.count
                        return sendmsg(descriptor, &message, CInt(MSG_DONTWAIT))
                    }
                }
            }
        }
    }

    private static func withControlMessage<Result>(
        from host: IPAddress, _ body: (UnsafeMutableRawBufferPointer) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(byteCount: controlBytesMax, alignment: 8) { buffer in
            _ = buffer.initializeMemory(as: UInt8.self, repeating: 0)
            let (level, type, infoBytes): (CInt, CInt, Int) =
                switch host {
                case .v4: (CInt(IPPROTO_IP), CInt(IP_PKTINFO), ipv4InfoBytes)
                case .v6: (CInt(IPPROTO_IPV6), CInt(IPV6_PKTINFO), ipv6InfoBytes)
                }
            buffer.storeBytes(of: UInt(headerBytes + infoBytes), as: UInt.self)
            buffer.storeBytes(of: level, toByteOffset: 8, as: CInt.self)
            buffer.storeBytes(of: type, toByteOffset: 12, as: CInt.self)
            switch host {
            case .v4(let address):
                buffer.storeBytes(of: address.bigEndian, toByteOffset: headerBytes + 4, as: UInt32.self)
            case .v6(let high, let low):
                buffer.storeBytes(of: high.bigEndian, toByteOffset: headerBytes, as: UInt64.self)
                buffer.storeBytes(of: low.bigEndian, toByteOffset: headerBytes + 8, as: UInt64.self)
            }
            let padded = (headerBytes + infoBytes + 7) & ~7
            return body(UnsafeMutableRawBufferPointer(rebasing: buffer[..<padded]))
        }
    }
}
