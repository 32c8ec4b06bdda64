/// An amount of disk space, which people write as `50 GiB` or `500 MB`.
public struct ByteSize: Sendable, Hashable, Comparable {
    /// The number of bytes.
    public let bytes: Int

    /// An amount of so many bytes.
    public init(bytes: Int) { self.bytes = bytes }

    /// So many times 1024 × 1024 bytes.
    public static func mebibytes(_ count: Int) -> ByteSize { ByteSize(bytes: count << 20) }

    /// So many times 1024 × 1024 × 1024 bytes.
    public static func gibibytes(_ count: Int) -> ByteSize { ByteSize(bytes: count << 30) }

    /// Less space first.
    public static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }

    /// The units, largest first; of two that fit, the one in front is used for writing.
    private static let units: [(name: String, bytes: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1),
    ]
}

extension ByteSize: LosslessStringConvertible {
    /// Reads a number, with a fraction if need be, and a unit: B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB
    /// (powers of 1024); `nil` for anything else, a number without a unit too.
    public init?(_ text: String) {
        let trimmed = text.filter { $0 != " " }
        let digits = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let name = trimmed.dropFirst(digits.count).lowercased()
        guard let unit = ByteSize.units.first(where: { $0.name.lowercased() == name }) else { return nil }
        if let count = Int(digits) {
            let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
            guard !overflow else { return nil }
            self.init(bytes: bytes)
        } else {
            guard let count = Double(digits), let bytes = Int(exactly: (count * Double(unit.bytes)).rounded()) else {
                return nil
            }
            self.init(bytes: bytes)
        }
    }

    /// The number in the largest unit that needs no fraction, such as `50 GiB`.
    public var description: String {
        let unit = ByteSize.units.first { bytes >= $0.bytes && bytes % $0.bytes == 0 }
        return unit.map { "\(bytes / $0.bytes) \($0.name)" } ?? "\(bytes) B"
    }
}
