internal import IPv8

/// Something for each address family that the node has a socket of.
struct PerFamily<Value: Sendable>: Sendable {
    /// Of IPv4, then of IPv6.
    private var values: [Value?]
    /// The families that there is something for.
    let present: [AddressFamily]

    init(_ make: (AddressFamily) -> Value?) {
        values = [make(.ipv4), make(.ipv6)]
        present = (values[0] == nil ? [] : [.ipv4]) + (values[1] == nil ? [] : [.ipv6])
    }

    /// Whether there is something for a family.
    func has(_ family: AddressFamily) -> Bool { present.contains(family) }

    subscript(family: AddressFamily) -> Value? {
        // Lends the value out: a routing table is looked into for every datagram, and a copy would count its buckets.
        @inline(__always)
        _read { yield values[PerFamily.place(of: family)] }
        @inline(__always)
        _modify { yield &values[PerFamily.place(of: family)] }
    }

    private static func place(of family: AddressFamily) -> Int {
        switch family {
        case .ipv4: 0
        case .ipv6: 1
        }
    }
}
