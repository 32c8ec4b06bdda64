internal import IPv8

/// How people call an item.
package struct ItemWords {
    /// The key of the DHT, or the subject of a pin or a block.
    package var key = ""
    /// The signer's mid, or the SHA-1 of an unsigned value; empty for an item that has neither.
    package var id = ""
    package var version: UInt32?
    package var data: [UInt8]?

    package init(_ item: DumpItem) {
        key = Target(bits: item.target).description
        guard let row = DumpRow(item) else { return }
        id = row[.id] ?? ""
        key = row[.key] ?? id
        version = row[.version].flatMap { UInt32($0) }
        data = row[.data].flatMap { Hex.decode($0) }
    }
}
