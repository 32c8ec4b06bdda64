@testable import IPv8

/// The participants of a run: few enough that the fuzzer makes them meet.
enum Cast {
    static let own = Forgery.key(200)
    /// Every seventh peer has a key of an older level.
    static let peers: [PublicKey] = (0..<28).map { (number: Int) -> PublicKey in
        let level = number % 7 == 6 ? KeyLevel.allCases[1 + number / 7] : KeyLevel.curve25519
        return Forgery.key(UInt8(number), level)
    }
    static let targets: [Target] = {
        let owners = peers.prefix(3) + [own]
        return owners.map { Target(bits: $0.mid.bits) } + ["a", "b", "c", "d", "e"].map { Target(hashing: $0) }
    }()
    private static let ports: [UInt16] = [8090, 8000, 1, 0]

    /// Public networks, some of them shared, private ones, IPv6, and impossible addresses.
    private static let hosts: [IPAddress] = [
        .v4(0x0102_0301), .v4(0x0102_0302), .v4(0x0102_0303), .v4(0x0102_0304), .v4(0x0A00_0001), .v4(0xC0A8_0102),
        .v4(0x5060_7080), .v4(0x5061_7080), .v4(0x7F00_0002), .v6(0x2A00_0001_0002_0000, 1),
        .v6(0x2A00_0001_0002_0000, 2), .v6(0x2A00_0001_0002_0001, 3), .v6(0x2A00_0009_0000_0000, 1), .v6(0, 1),
        .v4(0), .v4(0xE000_0001), .v4(0xFFFF_FFFF), .v6(0, 0), .v6(0xFF02_0000_0000_0000, 1),
    ]
    private static let reachableCount = 14

    /// The machine's LAN address. Peers have private addresses beside it, one of them with the same host.
    static let lanHosts: [IPAddress] = [.v4(0x0A00_0001), .v6(0x2A00_0001_0002_0000, 9)]

    /// The usual address of one peer only.
    static func home(_ number: Int, isLoopback: Bool) -> Address {
        let port = UInt16(8000 + number)
        if isLoopback { return Address(host: .v4(0x7F01_0000 + UInt32(number)), port: port) }
        return Address(host: hosts[number % reachableCount], port: port)
    }

    static func anyAddress(_ source: inout ByteSource, isLoopback: Bool) -> Address {
        if source.byte() < 160 { return home(source.index(below: peers.count), isLoopback: isLoopback) }
        return Address(host: source.choice(hosts), port: source.choice(ports))
    }

    /// The node's sockets in one of four situations: loopback, behind a NAT, both families, a public address.
    static func listenAddresses(_ situation: UInt8) -> [Address] {
        let anywhere = Address(host: .v4(0), port: 8090)
        switch situation {
        case 0: return [Address(host: .v4(0x7F00_0001), port: 8090)]
        case 1: return [anywhere]
        case 2: return [anywhere, Address(host: .v6(0, 0), port: 8090)]
        default: return [Address(host: .v4(0x0909_0909), port: 8090)]
        }
    }
}
