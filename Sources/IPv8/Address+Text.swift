extension IPAddress: LosslessStringConvertible {
    /// Reads `192.0.2.1` or `2001:db8::1`; `nil` for anything else, a host name too.
    public init?(_ text: String) {
        if let address = IPAddress.parseV4(text) ?? IPAddress.parseV6(text) {
            self = address
        } else {
            return nil
        }
    }

    /// The customary text: four decimal numbers, or IPv6 with its longest run of zeros shortened.
    public var description: String {
        switch self {
        case .v4(let address): IPAddress.textV4(address)
        case .v6(let high, let low): IPAddress.textV6(high, low)
        }
    }

    /// Written digit by digit: the index has the sender's address for each value that is stored.
    private static func textV4(_ address: UInt32) -> String {
        String(unsafeUninitializedCapacity: 15) { buffer in
            var count = 0
            func add(_ character: UInt8) {
                buffer[count] = character
                count += 1
            }
            for place: UInt32 in 0..<4 {
                if place > 0 { add(UInt8(ascii: ".")) }
                let byte = UInt8(truncatingIfNeeded: address >> (24 - 8 * place))
                if byte >= 100 { add(UInt8(ascii: "0") + byte / 100) }
                if byte >= 10 { add(UInt8(ascii: "0") + byte / 10 % 10) }
                add(UInt8(ascii: "0") + byte % 10)
            }
            return count
        }
    }

    private static func parseV4(_ text: String) -> IPAddress? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ 48...57 ~= $0 }),
                part.utf8.count == 1 || part.first != "0", let byte = UInt8(part)
            else { return nil }
            address = address << 8 | UInt32(byte)
        }
        return .v4(address)
    }

    private static func parseV6(_ text: String) -> IPAddress? {
        let halves = text.components(separatedBy: "::")
        guard halves.count <= 2, let left = groups(halves[0]) else { return nil }
        var all = left
        if halves.count == 2 {
            guard let right = groups(halves[1]), left.count + right.count < 8 else { return nil }
            all += Array(repeating: 0, count: 8 - left.count - right.count) + right
        }
        guard all.count == 8 else { return nil }
        let high = all[..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        let low = all[4...].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        return .v6(high, low)
    }

    /// The 16-bit groups of one side of a `::`, the last two of which may be written as an IPv4 address.
    private static func groups(_ text: String) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(".") {
                guard case .v4(let tail)? = parseV4(String(part)) else { return nil }
                groups += [UInt16(tail >> 16), UInt16(truncatingIfNeeded: tail)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.first != "+", part.first != "-",
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }

    private static func textV6(_ high: UInt64, _ low: UInt64) -> String {
        let groups = [high, low].flatMap { half in
            (0..<4).map { UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * $0)) }
        }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(1, best.count) { best = start..<end }
            start = max(end, start + 1)
        }
        let text = { (range: Range<Int>) in range.map { String(groups[$0], radix: 16) }.joined(separator: ":") }
        return best.isEmpty ? text(0..<8) : text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
    }
}

extension Address: LosslessStringConvertible {
    /// Reads `192.0.2.1:8090` or `[2001:db8::1]:8090`; `nil` for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var hostText = String(text[..<colon])
        let portText = text[text.index(after: colon)...]
        let bracketed = hostText.hasPrefix("[") && hostText.hasSuffix("]")
        if bracketed { hostText = String(hostText.dropFirst().dropLast()) }
        guard portText.utf8.allSatisfy({ 48...57 ~= $0 }), let port = UInt16(portText),
            let host = IPAddress(hostText), bracketed == (host.family == .ipv6)
        else { return nil }
        self.init(host: host, port: port)
    }

    /// `192.0.2.1:8090` or `[2001:db8::1]:8090`.
    public var description: String {
        switch host {
        case .v4: "\(host):\(port)"
        case .v6: "[\(host)]:\(port)"
        }
    }
}

extension String {
    /// The parts between a separator, without Foundation.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
