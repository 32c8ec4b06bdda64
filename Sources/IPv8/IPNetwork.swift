/// A network of addresses that share their first bits, such as `192.0.2.0/24`, or a single address.
public struct IPNetwork: Hashable, Sendable {
    /// The lowest address of the network.
    public let base: IPAddress
    /// How many bits its addresses share.
    public let prefixLength: Int

    /// The network of an address; `nil` if the family has no such prefix length. Bits beyond it do not count.
    public init?(containing address: IPAddress, prefixLength: Int) {
        let bitCount = IPNetwork.bitCount(address.family)
        guard (0...bitCount).contains(prefixLength) else { return nil }
        self.prefixLength = prefixLength
        let number = address.number
        let hostBits = bitCount - prefixLength
        base = IPAddress(address.family, number: hostBits < 128 ? (number >> hostBits) << hostBits : 0)
    }

    public init(_ address: IPAddress) {
        base = address
        prefixLength = IPNetwork.bitCount(address.family)
    }

    /// The numbers of its lowest and highest address.
    package var numbers: (first: UInt128, last: UInt128) {
        let hostBits = IPNetwork.bitCount(base.family) - prefixLength
        return (base.number, base.number | (hostBits < 128 ? (1 << hostBits) &- 1 : .max))
    }

    private static func bitCount(_ family: AddressFamily) -> Int { family == .ipv4 ? 32 : 128 }
}

extension IPNetwork: LosslessStringConvertible, TextCodable {
    public static var textForm: String { "an IP address or a network, such as 192.0.2.0/24 or 2001:db8::/32" }

    /// Reads `192.0.2.0/24`, `2001:db8::/32` or a single address; `nil` for anything else.
    public init?(_ text: String) {
        guard let mark = text.firstIndex(of: "/") else {
            guard let address = IPAddress(text) else { return nil }
            self.init(address)
            return
        }
        let digits = text[text.index(after: mark)...]
        guard let address = IPAddress(String(text[..<mark])), digits.utf8.allSatisfy({ 48...57 ~= $0 }),
            let length = Int(digits)
        else { return nil }
        self.init(containing: address, prefixLength: length)
    }

    public var description: String {
        prefixLength == IPNetwork.bitCount(base.family) ? base.description : "\(base)/\(prefixLength)"
    }
}

extension IPAddress {
    package var number: UInt128 {
        switch self {
        case .v4(let address): UInt128(address)
        case .v6(let high, let low): UInt128(high) << 64 | UInt128(low)
        }
    }

    fileprivate init(_ family: AddressFamily, number: UInt128) {
        switch family {
        case .ipv4: self = .v4(UInt32(truncatingIfNeeded: number))
        case .ipv6: self = .v6(UInt64(truncatingIfNeeded: number >> 64), UInt64(truncatingIfNeeded: number))
        }
    }
}

/// The operator's decision to ignore everything that comes from a network.
public struct Ban: Hashable, Sendable {
    public var network: IPNetwork
    public var since: Instant
    /// When it ends; `nil` if it does not.
    public var until: Instant?

    /// How many bans a node keeps.
    public static let countMax = 4096

    public init(_ network: IPNetwork, since: Instant, until: Instant?) {
        (self.network, self.since, self.until) = (network, since, until)
    }
}
