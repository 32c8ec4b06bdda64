/// Takes decisions from the fuzzer's bytes, one after the other; where there are none left, all of them are zero.
struct ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isEmpty: Bool { position >= bytes.count }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func integer<Integer: FixedWidthInteger & UnsignedInteger>(_ type: Integer.Type) -> Integer {
        (0..<Integer.bitWidth / 8).reduce(0) { integer, _ in integer << 8 | Integer(byte()) }
    }

    /// A number from 0 up to, and without, a count of at most 256.
    mutating func index(below count: Int) -> Int { Int(byte()) % max(1, count) }

    mutating func choice<Choice>(_ choices: [Choice]) -> Choice { choices[index(below: choices.count)] }

    mutating func flag() -> Bool { byte() & 1 == 1 }

    /// So many of the next bytes, or as many as there are.
    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, position + max(0, count))
        defer { position = end }
        return Array(bytes[position..<end])
    }

    mutating func rest() -> [UInt8] { take(bytes.count) }
}
