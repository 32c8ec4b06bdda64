package import IPv8

/// Reads a dump item by item and refuses whatever is not exactly as it was written: block by block, and at the end the
/// number of items and their root.
///
/// What it has handed out before it throws is sound by its block's checksum, but the dump as a whole is not: read a dump
/// to its end once before anything of it is used.
package struct DumpReader {
    private let input: DumpInput
    package let header: DumpHeader
    /// What the dump was sealed with; there once everything has been read.
    package private(set) var seal: DumpSeal?
    /// The hash of the item that was read last: its leaf in the tree.
    package private(set) var leaf: Digest256
    private var tree: MerkleRoot
    private var block = Block(number: 0, start: DumpLayout.magic.count, payload: [], items: 0)
    private var check: DumpItemCheck

    private struct Block {
        var number: Int
        var start: Int
        var payload: [UInt8]
        var items: Int
        var place = 0

        func damage(_ detail: String) -> DumpError { .damaged(block: number, at: start, detail: detail) }
    }

    /// Reads the beginning of a dump.
    package init(_ input: DumpInput) throws(DumpError) {
        self.input = input
        let magic = try input.read(DumpLayout.magic.count)
        guard magic == DumpLayout.magic else {
            guard !magic.isEmpty, DumpLayout.magic.starts(with: magic) else { throw .notADump }
            throw .cutOff(block: 0, at: magic.count)
        }
        tree = MerkleRoot()
        var first = Block(number: 0, start: input.offset, payload: [], items: 0)
        guard try DumpReader.readBlock(&first, input) == .header, first.items == 1 else {
            throw first.damage("it does not begin with a header")
        }
        header = try DumpHeader(first.payload)
        check = DumpItemCheck(header)
        leaf = tree.hash(ofLeaf: first.payload)
        tree.add(leaf)
        block = first
        block.place = first.payload.count
        block.items = 0
    }

    /// The next item; `nil` at the end of the dump.
    package mutating func next() throws(DumpError) -> DumpItem? {
        guard seal == nil else { return nil }
        while block.items == 0 {
            guard block.place == block.payload.count else { throw block.damage("more is in it than it says") }
            guard try nextBlock() else { return nil }
        }
        guard let item = DumpItem(block.payload[block.place...]) else {
            throw block.damage("item \(tree.count) is impossible")
        }
        if let fault = check.fault(of: item) {
            throw block.damage("item \(tree.count), a \(item.kind.name), is not allowed: \(fault)")
        }
        let end = block.place + item.byteCount
        leaf = tree.hash(ofLeaf: block.payload[block.place..<end])
        tree.add(leaf)
        block.place = end
        block.items -= 1
        return item
    }

    /// How many leaves have been read, including the header but not the closing leaf.
    package var leafCount: Int { seal.map { $0.items + 1 } ?? tree.count }

    /// Goes to the next block of items; false at the end.
    private mutating func nextBlock() throws(DumpError) -> Bool {
        var next = Block(number: block.number + 1, start: input.offset, payload: [], items: 0)
        let kind = try DumpReader.readBlock(&next, input)
        block = next
        switch kind {
        case .header: throw block.damage("a second header")
        case .items:
            guard block.items > 0 else { throw block.damage("a block without items") }
            return true
        case .end:
            guard let seal = DumpSeal(block.payload, of: header), block.items == 0 else {
                throw block.damage("an impossible end")
            }
            if let closing = seal.closingLeaf { tree.add(tree.hash(ofLeaf: closing)) }
            guard seal.leaves == tree.count, seal.root == tree.root else {
                throw block.damage("the items before it have another root")
            }
            guard try input.peek(1).isEmpty else { throw .trailing(at: input.offset) }
            self.seal = seal
            return false
        }
    }

    private static func readBlock(_ block: inout Block, _ input: DumpInput) throws(DumpError) -> DumpLayout.Block {
        func read(_ count: Int) throws(DumpError) -> [UInt8] {
            let bytes = try input.read(count)
            guard bytes.count == count else { throw .cutOff(block: block.number, at: input.offset) }
            return bytes
        }
        let head = try read(DumpLayout.headBytes)
        let numbers = [head[1..<5], head[5..<9]].map { $0.reduce(0) { $0 << 8 | Int($1) } }
        guard let kind = DumpLayout.Block(rawValue: head[0]) else { throw block.damage("an unknown kind of block") }
        guard numbers[1] <= DumpLayout.payloadBytesMax(kind) else {
            throw block.damage("an impossible length")
        }
        block.payload = try read(numbers[1])
        block.items = numbers[0]
        let checksum = try read(Digest256.byteCount)
        guard checksum == DumpLayout.checksum(number: block.number, head: head, payload: block.payload) else {
            throw block.damage("its checksum is another")
        }
        return kind
    }
}
