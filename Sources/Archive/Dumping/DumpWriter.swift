package import IPv8

/// How the bytes of a dump are cut into blocks: `docs/dump-format.md` draws it.
enum DumpLayout {
    static let magic = Array("bristlecone dump".utf8)
    /// Kind, count of items, length.
    static let headBytes = 9
    /// A block is closed before it would grow beyond this.
    static let payloadBytesMax = 65_536
    /// The longest block that is no block of items: an end with the longest key and signature.
    private static let endBytesMax = 1024

    static func payloadBytesMax(_ kind: Block) -> Int { kind == .items ? payloadBytesMax : endBytesMax }

    enum Block: UInt8 {
        case header = 1
        case items = 2
        case end = 3
    }

    static func head(_ kind: Block, items: Int, payloadBytes: Int) -> [UInt8] {
        [kind.rawValue] + UInt32(items).bigEndianBytes + UInt32(payloadBytes).bigEndianBytes
    }

    /// The checksum covers the block's number too, so that no block can be left out, doubled or moved.
    static func checksum(number: Int, head: [UInt8], payload: [UInt8]) -> [UInt8] {
        var digest = SHA256()
        digest.update(UInt64(number).bigEndianBytes[...])
        digest.update(head[...])
        digest.update(payload[...])
        return digest.finish()
    }
}

/// Writes a dump as items come, with one block in memory.
package struct DumpWriter {
    private let write: ([UInt8]) throws -> Void
    private let header: DumpHeader
    private var tree = MerkleRoot()
    private var blockNumber = 0
    private var payload: [UInt8] = []
    private var payloadItems = 0
    private var last: DumpItem?

    /// Begins a dump.
    ///
    /// - Parameter write: takes the bytes, in their order.
    package init(_ header: DumpHeader, write: @escaping ([UInt8]) throws -> Void) throws {
        self.write = write
        self.header = header
        payload.reserveCapacity(DumpLayout.payloadBytesMax)
        try write(DumpLayout.magic)
        tree.add(tree.hash(ofLeaf: header.bytes))
        try writeBlock(.header, header.bytes, items: 1)
    }

    /// Adds an item, which comes behind those before it.
    package mutating func add(_ item: DumpItem) throws {
        if let last { precondition(last < item, "items come in the order of kinds and keys") }
        last = item
        if payload.count + item.byteCount > DumpLayout.payloadBytesMax { try flush() }
        let start = payload.count
        item.append(to: &payload)
        tree.add(tree.hash(ofLeaf: payload[start...]))
        payloadItems += 1
    }

    /// Ends the dump.
    ///
    /// - Parameters:
    ///   - key: signs the root, if it is to be signed.
    ///   - leftOut: how many records are missing because they are damaged.
    package mutating func finish(signedBy key: PrivateKey? = nil, leftOut: Int = 0) throws -> DumpSeal {
        try flush()
        var seal = DumpSeal(closing: &tree, of: header, leftOut: leftOut)
        if let key { seal = seal.signed(by: key) }
        try writeBlock(.end, seal.bytes, items: 0)
        return seal
    }

    private mutating func flush() throws {
        guard payloadItems > 0 else { return }
        try writeBlock(.items, payload, items: payloadItems)
        payload.removeAll(keepingCapacity: true)
        payloadItems = 0
    }

    private mutating func writeBlock(_ kind: DumpLayout.Block, _ payload: [UInt8], items: Int) throws {
        let head = DumpLayout.head(kind, items: items, payloadBytes: payload.count)
        try write(head)
        try write(payload)
        try write(DumpLayout.checksum(number: blockNumber, head: head, payload: payload))
        blockNumber += 1
    }
}
