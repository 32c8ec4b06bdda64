package import IPv8

/// What a dump says about itself: which part of which archive, and in which state. It does not say when it was made, so that
/// the same state always gives the same bytes.
package struct DumpHeader: Hashable, Sendable {
    package var format: Int
    /// Only what came or changed since this moment is in it; `nil` if everything is.
    package var since: Instant?
    /// Only keys that begin with these hexadecimal digits are in it; empty if all are.
    package var prefix: String
    /// Whether it was put together from the intact blocks of a damaged dump, so that anything may be missing.
    package var isSalvaged: Bool
    /// The archive, and its last change; `nil` in formats before 3.
    package var origin: DumpOrigin?
    /// The change after which an increment begins; `nil` if the dump is not an increment.
    package var start: DumpStart?

    /// The format that this program writes, and the newest that it reads.
    package static let format = 3

    package init(
        since: Instant? = nil, prefix: String = "", isSalvaged: Bool = false, origin: DumpOrigin? = nil,
        start: DumpStart? = nil, format: Int = DumpHeader.format
    ) {
        self.since = since
        self.prefix = prefix
        self.isSalvaged = isSalvaged
        self.origin = origin
        self.start = start
        self.format = format
    }

    /// Whether the whole of an archive is meant to be in it.
    package var isWhole: Bool { since == nil && prefix.isEmpty && !isSalvaged && start == nil }

    /// Whether the tree's last leaf tells how many records were left out.
    var hasClosing: Bool { format >= 2 }

    private static let sinceFlag: UInt8 = 1
    private static let salvagedFlag: UInt8 = 2
    private static let originFlag: UInt8 = 4
    private static let incrementFlag: UInt8 = 8
    private static let fixedBytes = 2 + 1 + 8 + 1

    /// The leaf that stands before all items.
    package var leaf: [UInt8] { bytes }

    /// `format 2 | flags 1 | since 8 | digits 1 | the digits in ASCII | archive id 16, change 8, checksum 8 with flag 4 | start 8,
    /// checksum 8 with flag 8`
    var bytes: [UInt8] {
        var flags: UInt8 = 0
        if since != nil { flags |= DumpHeader.sinceFlag }
        if isSalvaged { flags |= DumpHeader.salvagedFlag }
        if origin != nil { flags |= DumpHeader.originFlag }
        if start != nil { flags |= DumpHeader.incrementFlag }
        return UInt16(clamping: format).bigEndianBytes + [flags] + (since?.nanoseconds ?? 0).bigEndianBytes
            + [UInt8(prefix.utf8.count)] + Array(prefix.utf8) + (origin?.bytes ?? [])
            + (start.map { $0.change.bigEndianBytes + $0.checksum.bigEndianBytes } ?? [])
    }

    /// Reads a header.
    package init(_ bytes: [UInt8]) throws(DumpError) {
        let impossible = DumpError.damaged(block: 0, at: DumpLayout.magic.count, detail: "its header is impossible")
        guard bytes.count >= 2 else { throw impossible }
        let format = Int(bytes[0]) << 8 | Int(bytes[1])
        guard format <= DumpHeader.format else {
            throw .newerFormat(found: format, supported: DumpHeader.format)
        }
        guard format > 0, bytes.count >= DumpHeader.fixedBytes else { throw impossible }
        let flags = bytes[2]
        let moment = bytes[3..<11].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        var rest = bytes[DumpHeader.fixedBytes...]
        let digits = String(decoding: rest.prefix(Int(bytes[11])), as: UTF8.self)
        rest = rest.dropFirst(Int(bytes[11]))
        guard DumpHeader.isPrefix(digits) else { throw impossible }
        self.init(
            since: flags & DumpHeader.sinceFlag != 0 ? Instant(nanoseconds: moment) : nil, prefix: digits,
            isSalvaged: format > 1 && flags & DumpHeader.salvagedFlag != 0, format: format)
        if format > 2, flags & DumpHeader.originFlag != 0 {
            origin = DumpOrigin(rest.prefix(DumpOrigin.byteCount))
            rest = rest.dropFirst(DumpOrigin.byteCount)
        }
        if origin != nil, flags & DumpHeader.incrementFlag != 0, rest.count == DumpStart.byteCount {
            start = DumpStart(
                change: rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                checksum: rest.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
        }
        guard self.bytes == bytes, isPossible else { throw impossible }
    }

    /// An increment is of all keys, and ends where its archive did.
    package var isPossible: Bool {
        guard let start else { return true }
        guard let origin else { return false }
        return format > 2 && since == nil && prefix.isEmpty && start.change <= origin.change
    }

    /// Whether a text is the beginning of a key: lower-case hexadecimal digits, 40 at most.
    package static func isPrefix(_ text: String) -> Bool {
        text.utf8.count <= 2 * Bits160.byteCount
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
