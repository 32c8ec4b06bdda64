import IPv8

/// The few bytes of an answer that are looked at while the clock runs.
///
///     prefix 22 | message id 1 | length 2, public key | request id 4 | of a find: token 20, count of values 1 | ...
struct Answer {
    let kind: UInt8
    let requestID: UInt32
    private let bytes: UnsafeBufferPointer<UInt8>
    private let end: Int

    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        let keyStart = Packet.prefix.count + 3
        guard bytes.count >= keyStart else { return nil }
        let idStart = keyStart + Int(bytes[keyStart - 2]) << 8 + Int(bytes[keyStart - 1])
        guard bytes.count >= idStart + 4 else { return nil }
        kind = bytes[Packet.prefix.count]
        requestID = bytes[idStart..<idStart + 4].reduce(0) { $0 << 8 | UInt32($1) }
        self.bytes = bytes
        end = idStart + 4
    }

    /// How many values a find response has; `nil` in one that is cut short.
    var valueCount: Int? { bytes.count > end + 20 ? Int(bytes[end + 20]) : nil }

    /// The token of a find response.
    var token: Token? {
        guard bytes.count >= end + 20, let bits = Bits160(bytes[end..<end + 20]) else { return nil }
        return Token(bits: bits)
    }
}

/// Looks at answers after the clock has stopped: whether they decode and are signed.
struct AnswerCheck {
    private let verifier = SignatureVerifier()

    /// Of how many answers one is kept, and how many of one measurement.
    static let interval = 61
    static let countMax = 64

    /// Whether an answer is signed by whoever sent it, and what it carries by whoever made that.
    func isSound(_ bytes: [UInt8]) -> Bool {
        guard let packet = try? Packet(decoding: bytes), packet.isAuthentic(accordingTo: verifier) else { return false }
        guard case .findResponse(let response) = packet.message else { return true }
        return response.values.allSatisfy { value in
            (try? Entry(bytes: value))?.isAuthentic(accordingTo: verifier) == true
        }
    }

    /// How many nodes find responses name, on average; `nil` if there are none among the answers.
    func nodesNamed(in answers: [[UInt8]]) -> Double? {
        let counts = answers.compactMap { bytes -> Int? in
            guard case .findResponse(let response)? = (try? Packet(decoding: bytes))?.message else { return nil }
            return response.nodes.count
        }
        return counts.isEmpty ? nil : Double(counts.reduce(0, +)) / Double(counts.count)
    }
}
