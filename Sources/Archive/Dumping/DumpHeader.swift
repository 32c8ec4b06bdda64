package import IPv8

/// What a dump says about itself: nothing about when or by whom it was made, so that the same content gives the same bytes.
package struct DumpHeader: Hashable, Sendable {
    /// The format of the dump.
    package var format: Int
    /// Only what came or changed since this moment is in it; `nil` if everything is.
    package var since: Instant?
    /// Only keys that begin with these hexadecimal digits are in it; empty if all are.
    package var prefix: String
    /// Whether it was put together from the intact blocks of a damaged dump, so that anything may be missing.
    package var isSalvaged: Bool

    /// The format that this program writes, and the newest that it reads.
    package static let format = 2

    package init(
        since: Instant? = nil, prefix: String = "", isSalvaged: Bool = false, format: Int = DumpHeader.format
    ) {
        self.since = since
        self.prefix = prefix
        self.isSalvaged = isSalvaged
        self.format = format
    }

    /// Whether the whole of an archive is meant to be in it.
    package var isWhole: Bool { since == nil && prefix.isEmpty && !isSalvaged }

    /// Whether the tree's last leaf tells how many records were left out.
    var hasClosing: Bool { format >= 2 }

    private static let incrementFlag: UInt8 = 1
    private static let salvagedFlag: UInt8 = 2
    private static let fixedBytes = 2 + 1 + 8 + 1

    /// The leaf that stands before all items.
    package var leaf: [UInt8] { bytes }

    /// `format 2 | flags 1 | since 8 | digits 1 | the digits in ASCII`
    var bytes: [UInt8] {
        let flags = (since == nil ? 0 : DumpHeader.incrementFlag) | (isSalvaged ? DumpHeader.salvagedFlag : 0)
        return UInt16(clamping: format).bigEndianBytes + [flags] + (since?.nanoseconds ?? 0).bigEndianBytes
            + [UInt8(prefix.utf8.count)] + Array(prefix.utf8)
    }

    /// Reads a header.
    package init(_ bytes: [UInt8]) throws(DumpError) {
        let impossible = DumpError.damaged(block: 0, at: DumpLayout.magic.count, detail: "its header is impossible")
        guard bytes.count >= 2 else { throw impossible }
        let format = Int(bytes[0]) << 8 | Int(bytes[1])
        guard format <= DumpHeader.format else {
            throw .newerFormat(found: format, supported: DumpHeader.format)
        }
        guard format > 0, bytes.count >= DumpHeader.fixedBytes,
            bytes.count == DumpHeader.fixedBytes + Int(bytes[11])
        else { throw impossible }
        let flags = bytes[2]
        let isIncrement = flags & DumpHeader.incrementFlag != 0
        let moment = bytes[3..<11].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        let digits = String(decoding: bytes[DumpHeader.fixedBytes...], as: UTF8.self)
        guard DumpHeader.isPrefix(digits) else { throw impossible }
        self.init(
            since: isIncrement ? Instant(nanoseconds: moment) : nil, prefix: digits,
            isSalvaged: format > 1 && flags & DumpHeader.salvagedFlag != 0, format: format)
        guard self.bytes == bytes else { throw impossible }
    }

    /// Whether a text is the beginning of a key: lower-case hexadecimal digits, 40 at most.
    package static func isPrefix(_ text: String) -> Bool {
        text.utf8.count <= 2 * Bits160.byteCount
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
