internal import IPv8

/// Finds what is still intact in a damaged dump: block by block, and after damage by looking for the next place where a
/// block's checksum fits. The checksum covers the block's number, so a block that is found stands where it claims to.
package struct DumpSalvage {
    private let input: DumpInput
    /// The dump's header; `nil` if it is lost.
    package private(set) var header: DumpHeader?
    /// What the dump was sealed with; `nil` before its end has been found, and where the end is lost.
    package private(set) var seal: DumpSeal?
    /// What is damaged or missing, in the order of the dump.
    package private(set) var losses: [Loss] = []
    /// How many items have been handed out.
    package private(set) var itemCount = 0
    /// The number of the next block, if none is lost.
    private var number = 0
    /// Items of the block that was found last, the next one at the end.
    private var waiting: [DumpItem] = []
    private var last: DumpItem?
    private var attempts = 0
    private var isAtEnd = false

    /// A part of the dump that is not as it was written.
    package struct Loss: Hashable, Sendable {
        /// From where it begins to where the next intact block does, or to the end of the file.
        package var bytes: Range<Int>
        /// The numbers of the blocks that are lost; `nil` if the rest of the dump is.
        package var blocks: Range<Int>?
        /// The last intact item before it.
        package var after: DumpItem?
        /// The first intact item behind it.
        package var before: DumpItem?
    }

    private struct Found {
        var number: Int
        var kind: DumpLayout.Block
        var payload: ArraySlice<UInt8>
        var items: [DumpItem]
        var byteCount: Int
    }

    /// So many places may look like a block and be none. An ordinary dump has one for each damaged block; one that was
    /// made to have millions would keep a processor busy for days.
    private static let attemptsMax = 4096

    /// Reads the beginning of a dump.
    package init(_ input: DumpInput) throws(DumpError) {
        self.input = input
        input.skip(try input.peek(DumpLayout.magic.count).count)
        try findBlock()
        guard number > 0 else { throw .notADump }
    }

    /// The next intact item; `nil` at the end of the dump.
    package mutating func next() throws(DumpError) -> DumpItem? {
        while waiting.isEmpty {
            guard !isAtEnd else { return nil }
            try findBlock()
        }
        last = waiting.removeLast()
        itemCount += 1
        return last
    }

    /// How many items are missing; `nil` if that cannot be told because the end of the dump is lost.
    package var missingItems: Int? { seal.map { max(0, $0.items - itemCount) } }

    /// Goes to the next intact block, and notes what lies between.
    private mutating func findBlock() throws(DumpError) {
        let start = input.offset
        while true {
            if let block = try block(after: start) {
                if input.offset > start || block.number > number {
                    losses.append(
                        Loss(
                            bytes: start..<input.offset, blocks: number..<block.number, after: last,
                            before: block.items.first))
                }
                try accept(block)
                return
            }
            guard try !input.peek(1).isEmpty else {
                isAtEnd = true
                losses.append(Loss(bytes: start..<input.offset, blocks: nil, after: last, before: nil))
                return
            }
            input.skip(1)
        }
    }

    private mutating func accept(_ block: Found) throws(DumpError) {
        number = block.number + 1
        switch block.kind {
        case .header: header = try DumpHeader(Array(block.payload))
        case .items: waiting = block.items.reversed()
        case .end:
            seal = DumpSalvage.seal(Array(block.payload), header)
            isAtEnd = true
        }
        input.skip(block.byteCount)
    }

    /// The block that begins here; `nil` if none does.
    ///
    /// - Parameter start: where the last intact block ended.
    private mutating func block(after start: Int) throws(DumpError) -> Found? {
        guard let first = try input.peek(1).first, let kind = DumpLayout.Block(rawValue: first) else { return nil }
        let head = Array(try input.peek(DumpLayout.headBytes))
        guard head.count == DumpLayout.headBytes else { return nil }
        let (items, length) = (DumpSalvage.number(head[1..<5]), DumpSalvage.number(head[5..<9]))
        guard length <= DumpLayout.payloadBytesMax(kind) else { return nil }
        let whole = try input.peek(head.count + length + Digest256.byteCount)
        guard whole.count == head.count + length + Digest256.byteCount else { return nil }
        let payload = whole.dropFirst(head.count).prefix(length)
        guard let read = contents(kind, payload, items) else { return nil }
        let checksum = Array(whole.suffix(Digest256.byteCount))
        for number in candidates(kind, skipped: input.offset - start)
        where DumpLayout.checksum(number: number, head: head, payload: Array(payload)) == checksum {
            return Found(number: number, kind: kind, payload: payload, items: read, byteCount: whole.count)
        }
        attempts += 1
        guard attempts <= DumpSalvage.attemptsMax else {
            throw .damaged(
                block: number, at: start, detail: "too many places after it only look like blocks")
        }
        return nil
    }

    /// The items in a payload; `nil` if it cannot be that of such a block. Most places are ruled out here, before anything
    /// is hashed.
    private func contents(_ kind: DumpLayout.Block, _ payload: ArraySlice<UInt8>, _ count: Int) -> [DumpItem]? {
        switch kind {
        case .header: return number == 0 && count == 1 ? [] : nil
        case .end: return number > 0 && count == 0 && DumpSalvage.seal(Array(payload), header) != nil ? [] : nil
        case .items:
            guard count > 0, DumpSalvage.holds(count, payload) else { return nil }
            var items: [DumpItem] = []
            var before = last
            var rest = payload
            while !rest.isEmpty {
                guard let item = DumpItem(rest) else { return nil }
                if let before, !(before < item) { return nil }
                items.append(item)
                before = item
                rest = rest.dropFirst(item.byteCount)
            }
            return items
        }
    }

    /// Whether the lengths of so many items fill a payload.
    private static func holds(_ count: Int, _ payload: ArraySlice<UInt8>) -> Bool {
        var (place, items) = (payload.startIndex, 0)
        while place + DumpItem.headBytes <= payload.endIndex, items < count {
            place += DumpItem.headBytes + number(payload[place + 1..<place + 3])
            items += 1
        }
        return place == payload.endIndex && items == count
    }

    /// The numbers that a block here may have, the likeliest first: full blocks tell by their length how many were lost,
    /// about.
    private func candidates(_ kind: DumpLayout.Block, skipped: Int) -> [Int] {
        guard kind != .header else { return [0] }
        guard skipped > 0 else { return [number] }
        let lost = skipped / DumpLayout.payloadBytesMax
        let reach = min(1024, 32 + lost / 32)
        let likeliest = number + lost + 1
        let numbers = max(1, max(number, likeliest - reach))...(likeliest + reach)
        return numbers.sorted { (abs($0 - likeliest), $0) < (abs($1 - likeliest), $1) }
    }

    private static func seal(_ payload: [UInt8], _ header: DumpHeader?) -> DumpSeal? {
        if let header { return DumpSeal(payload, of: header) }
        return DumpSeal(payload, of: DumpHeader()) ?? DumpSeal(payload, of: DumpHeader(format: 1))
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
}
