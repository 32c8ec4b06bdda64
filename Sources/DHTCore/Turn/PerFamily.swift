internal import IPv8

/// Something for each address family that the node has a socket of.
struct PerFamily<Value: Sendable>: Sendable {
    private var ipv4: Value?
    private var ipv6: Value?
    /// The families that there is something for.
    let present: [AddressFamily]

    init(_ make: (AddressFamily) -> Value?) {
        ipv4 = make(.ipv4)
        ipv6 = make(.ipv6)
        present = (ipv4 == nil ? [] : [.ipv4]) + (ipv6 == nil ? [] : [.ipv6])
    }

    /// Whether there is something for a family.
    func has(_ family: AddressFamily) -> Bool { present.contains(family) }

    subscript(family: AddressFamily) -> Value? {
        // Lends the value out: a routing table is looked into for every datagram, and a copy would count its buckets.
        // Without inlining, each look would allocate memory for the loan.
        @inline(__always)
        _read {
            switch family {
            case .ipv4: yield ipv4
            case .ipv6: yield ipv6
            }
        }
        @inline(__always)
        _modify {
            switch family {
            case .ipv4: yield &ipv4
            case .ipv6: yield &ipv6
            }
        }
    }
}
