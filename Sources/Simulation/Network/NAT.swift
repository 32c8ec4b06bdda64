internal import IPv8

/// The kinds of address translation.
package enum NATKind: String, Sendable, CaseIterable {
    /// None: everybody reaches the machine at its own address.
    case none
    /// One external port; everybody who knows it gets through.
    case fullCone
    /// One external port; only hosts that the machine has sent to get through.
    case addressRestricted
    /// One external port; only addresses that the machine has sent to get through.
    case portRestricted
    /// An external port for each destination, and only that destination gets through.
    case symmetric
}

/// The address translation between one machine and the network.
struct NAT: Sendable {
    private let kind: NATKind
    private let inside: Address
    private let outsideHost: IPAddress
    /// When the machine last sent to an address, and through which port.
    private var mappings: [Address: (port: UInt16, usedAt: Instant)] = [:]
    private var nextPort: UInt16 = 40_000

    /// The lifetime of an unused mapping: the minimum that RFC 4787 allows.
    private static let mappingLifetime: Duration = .seconds(120)

    init(_ kind: NATKind, inside: Address, outsideHost: IPAddress) {
        self.kind = kind
        self.inside = inside
        self.outsideHost = outsideHost
    }

    /// The external address of a datagram that the machine sends now.
    mutating func translate(to destination: Address, at now: Instant) -> Address {
        let port: UInt16
        if kind != .symmetric {
            port = inside.port
        } else if let known = mappings[destination], now - known.usedAt < NAT.mappingLifetime {
            port = known.port
        } else {
            port = nextPort
            nextPort = nextPort == .max ? 40_000 : nextPort + 1
        }
        mappings[destination] = (port, now)
        if mappings.count > 4096 { mappings = mappings.filter { now - $0.value.usedAt < NAT.mappingLifetime } }
        return Address(host: outsideHost, port: port)
    }

    /// Whether a datagram to a port of the external host gets in.
    func admits(from source: Address, toPort port: UInt16, at now: Instant) -> Bool {
        let isFresh = { (mapping: (port: UInt16, usedAt: Instant)) in now - mapping.usedAt < NAT.mappingLifetime }
        switch kind {
        case .none: return port == inside.port
        case .fullCone: return port == inside.port && mappings.values.contains(where: isFresh)
        case .addressRestricted:
            return port == inside.port && mappings.contains { $0.key.host == source.host && isFresh($0.value) }
        case .portRestricted: return port == inside.port && mappings[source].map(isFresh) ?? false
        case .symmetric: return mappings[source].map { $0.port == port && isFresh($0) } ?? false
        }
    }
}
