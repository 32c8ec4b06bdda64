internal import Console
internal import IPv8

/// How the messages' payloads are laid out.
extension FieldReader {
    /// Reads the payload of a message that is in use.
    mutating func payload(_ id: UInt8) throws(DecodeFault) {
        switch id {
        case 231...234: try introduction(id, isNew: true)
        case 245...250: try introduction(id, isNew: false)
        default: try dht(id)
        }
        guard remaining == 0 else {
            throw DecodeFault(
                offset: position, reason: "\(Words.count(remaining, "byte")) after the last field")
        }
    }

    private mutating func dht(_ id: UInt8) throws(DecodeFault) {
        try number("identifier", 4)
        switch id {
        case 3:
            try token()
            try target("target")
            try values()
        case 5:
            try typedAddress("sender's LAN address")
            try target("target")
            try number("offset", 4) { "skip \(Words.count($0, "value"))" }
            try number("force nodes", 1) { $0 == 0 ? "no: values if there are any" : "yes" }
        case 6:
            try token()
            try values()
            try nodes()
        case 7:
            try token()
            try target("target, the sender's mid")
        case 9:
            try typedAddress("sender's LAN address")
            try target("target, a mid")
        case 10: try nodes()
        default: break
        }
    }

    private mutating func introduction(_ id: UInt8, isNew: Bool) throws(DecodeFault) {
        try number("global time", 8)
        switch id {
        case 246, 234:
            try addresses(["destination", "sender's LAN address", "sender's WAN address"], isNew)
            try flagsAndIdentifier(isNew)
        case 245, 233:
            try addresses(
                [
                    "destination", "sender's LAN address", "sender's WAN address", "introduced LAN address",
                    "introduced WAN address",
                ], isNew)
            try flagsAndIdentifier(isNew)
        case 250, 232:
            try addresses(["walker's LAN address", "walker's WAN address"], isNew)
            try number("identifier", 2)
        default:
            try addresses(["sender's LAN address", "walker's WAN address"], isNew)
            try number("identifier", 2)
        }
    }

    /// The two styles have these in opposite order; whatever follows is the extra bytes.
    private mutating func flagsAndIdentifier(_ isNew: Bool) throws(DecodeFault) {
        if isNew { try number("identifier", 2) }
        try number("flags", 1) { flags in
            let bits = String(flags, radix: 2)
            return String(repeating: "0", count: max(0, 8 - bits.count)) + bits + " in bits"
        }
        if !isNew { try number("identifier", 2) }
        if remaining > 0 { try take("extra bytes", remaining) }
    }

    private mutating func token() throws(DecodeFault) { try take("token", 20) { _ in "permission to store" } }

    private mutating func target(_ name: String) throws(DecodeFault) { try take(name, 20) }

    private mutating func values() throws(DecodeFault) {
        let count = try number("number of values", 1)
        if count > StoreRequest.valueCountMax {
            blame("more than the \(StoreRequest.valueCountMax) that a node accepts")
        }
        for _ in 0..<count {
            let length = try number("length of the value", 2)
            guard length <= remaining else {
                throw DecodeFault(
                    offset: position,
                    reason: "the value needs \(Words.count(length, "byte")), and \(remaining) are left")
            }
            try value(length)
        }
    }

    /// A value that is no entry does not make the message unreadable.
    private mutating func value(_ length: Int) throws(DecodeFault) {
        var within = FieldReader(bytes, in: position..<position + length, depth: 1)
        within.limit(to: position + length, because: "the end of the value")
        do throws(DecodeFault) {
            try within.entry()
        } catch {
            within.leaveValue(because: error.reason)
        }
        append(within.fields)
        skip(length)
    }

    private mutating func leaveValue(because reason: String) {
        append([
            Field(
                offset: position, bytes: Array(bytes[position..<position + remaining]), name: "not read",
                meaning: "this is not a valid value", depth: 1, fault: reason)
        ])
    }

    private mutating func nodes() throws(DecodeFault) {
        for _ in 0..<(try number("number of nodes", 1)) {
            try typedAddress("node's address")
            _ = try key("node's key")
        }
    }

    private mutating func addresses(_ names: [String], _ isNew: Bool) throws(DecodeFault) {
        for name in names {
            if isNew { try typedAddress(name) } else { try take(name, 6) { FieldReader.text($0) } }
        }
    }

    private mutating func typedAddress(_ name: String) throws(DecodeFault) {
        let place = position
        switch try number("type of the \(name)", 1, { $0 == 1 ? "IPv4" : $0 == 3 ? "IPv6" : "unknown" }) {
        case 1: try take(name, 6) { FieldReader.text($0) }
        case 3: try take(name, 18) { FieldReader.text($0) }
        default: throw DecodeFault(offset: place, reason: "the type of an address is 01 (IPv4) or 03 (IPv6)")
        }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        let parts = bytes.dropLast(2)
        let port = bytes.suffix(2).reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
        func number(_ slice: ArraySlice<UInt8>) -> UInt64 { slice.reduce(0) { $0 << 8 | UInt64($1) } }
        let host: IPAddress =
            parts.count == 4
            ? .v4(UInt32(truncatingIfNeeded: number(parts))) : .v6(number(parts.prefix(8)), number(parts.suffix(8)))
        let address = Address(host: host, port: port)
        return address == .none ? "none" : "\(address)"
    }
}
