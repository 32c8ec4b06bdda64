/// The two address families. Each has its own socket, node id and routing table.
public enum AddressFamily: String, Hashable, Sendable, CaseIterable, Comparable {
    case ipv4
    case ipv6

    /// IPv4 first.
    public static func < (left: AddressFamily, right: AddressFamily) -> Bool { left == .ipv4 && right == .ipv6 }
}

public enum IPAddress: Hashable, Sendable {
    /// Four bytes, the first one most significant.
    case v4(UInt32)
    /// Sixteen bytes, the first one most significant.
    case v6(UInt64, UInt64)

    public var family: AddressFamily {
        switch self {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }

    /// The 4 or 16 bytes of the address.
    public var bytes: [UInt8] {
        switch self {
        case .v4(let address): address.bigEndianBytes
        case .v6(let high, let low): high.bigEndianBytes + low.bigEndianBytes
        }
    }

    /// `0.0.0.0` or `::`, which mean no address, or all addresses of a machine.
    public var isUnspecified: Bool {
        switch self {
        case .v4(let address): address == 0
        case .v6(let high, let low): high == 0 && low == 0
        }
    }

    /// The machine itself: 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        switch self {
        case .v4(let address): address >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }

    /// A local network: 10/8, 172.16/12, 192.168/16, the link-local 169.254/16 and the shared 100.64/10, and for IPv6 the
    /// unique local and link-local ranges.
    public var isPrivate: Bool {
        switch self {
        case .v4(let address):
            address >> 24 == 10 || address >> 20 == 0xAC1 || address >> 16 == 0xC0A8 || address >> 16 == 0xA9FE
                || address >> 22 == 0x191
        case .v6(let high, _):
            high >> 57 == 0x7E || high >> 54 == 0x3FA
        }
    }

    /// An address that a single machine can have: not unspecified, multicast, broadcast or reserved. ::/64 contains
    /// IPv4 addresses in IPv6 form; in it only ::1 is one.
    public var isUnicast: Bool {
        switch self {
        case .v4(let address): address >> 24 != 0 && address >> 28 < 0xE
        case .v6(let high, _): high != 0 && high >> 56 != 0xFF || isLoopback
        }
    }

    /// The address, or its /64 for IPv6: what a single machine usually has to itself, however many addresses it uses.
    public var site: IPAddress {
        switch self {
        case .v4: self
        case .v6(let high, _): .v6(high, 0)
        }
    }
}

/// The address of a peer: an IP address and a UDP port.
public struct Address: Hashable, Sendable {
    public var host: IPAddress
    public var port: UInt16

    public init(host: IPAddress, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// The protocol's "no address".
    public static let none = Address(host: .v4(0), port: 0)

    /// The family of the host.
    public var family: AddressFamily { host.family }

    /// Whether a datagram can be sent there: the host is a single machine's, and the port is not zero.
    public var isReachable: Bool { host.isUnicast && port != 0 }
}

extension Address: Comparable {
    /// IPv4 first, then by host as a number, then by port.
    public static func < (left: Address, right: Address) -> Bool {
        switch (left.host, right.host) {
        case (.v4(let one), .v4(let other)): (one, left.port) < (other, right.port)
        case (.v6(let one, let rest), .v6(let other, let otherRest)):
            (one, rest, left.port) < (other, otherRest, right.port)
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }
}

extension FixedWidthInteger {
    /// The integer's bytes, most significant first.
    package var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
