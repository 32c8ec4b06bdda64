package import IPv8

/// One thing that an archive keeps, as a dump has it: its key and its body are those of the archive's record, without
/// the record's format and checksum.
package struct DumpItem: Hashable, Sendable {
    package var state = State.present
    package var kind: Kind
    /// The key of the record; of a forgotten one its hash.
    package var key: [UInt8]
    /// The body of the record; empty if the record is gone.
    package var body: [UInt8]

    /// Whether the record is in the archive. Only an increment has items of forgotten and removed records. Items come
    /// in the order of these cases, so that a reader removes records before it adds any.
    package enum State: UInt8, Sendable, CaseIterable {
        /// The operator erased it, and only the hash of its key is known.
        case forgotten = 0x80
        case gone = 0x40
        case present = 0

        fileprivate var rank: Int { State.allCases.firstIndex(of: self) ?? 0 }
    }

    /// What it is. A dump has them in this order, and those of a kind in the order of their keys.
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// What the operator wants kept: before the values that it is about.
        case pin = 1
        /// A version below which nothing is taken.
        case floor = 2
        /// An earlier version of a value.
        case history = 3
        /// A value, in the serving window or behind it: which of the two is a matter of the time.
        case value = 4
        /// A pair of values of one signer and one version that differ.
        case evidence = 5
        /// What was published here.
        case publication = 6
        /// What may not come back: behind everything else, so that it blocks what comes later.
        case block = 7
    }

    package init(kind: Kind, key: [UInt8], body: [UInt8]) {
        self.kind = kind
        self.key = key
        self.body = body
    }

    /// A record that is gone.
    init(gone kind: Kind, key: [UInt8]) {
        self.init(kind: kind, key: key, body: [])
        state = .gone
    }

    /// A record that was forgotten.
    init(forgotten kind: Kind, hash: [UInt8]) {
        self.init(kind: kind, key: hash, body: [])
        state = .forgotten
    }

    /// Whether it comes before another one in a dump.
    package static func < (left: DumpItem, right: DumpItem) -> Bool {
        if left.state != right.state { return left.state.rank < right.state.rank }
        return left.kind == right.kind
            ? left.key.lexicographicallyPrecedes(right.key) : left.kind.rawValue < right.kind.rawValue
    }

    /// The key of the DHT that it is about, or the bits of the subject that it names; zero if it was forgotten.
    package var target: Bits160 {
        guard state != .forgotten else { return .zero }
        let offset = kind == .pin || kind == .block ? 1 : 0
        return Bits160(key.dropFirst(offset).prefix(Bits160.byteCount)) ?? .zero
    }
}

// MARK: - Bytes

extension DumpItem {
    /// Kind and length of what follows.
    static let headBytes = 3

    /// How many bytes it takes in a dump.
    var byteCount: Int { DumpItem.headBytes + key.count + body.count }

    /// Its bytes in a dump, which are also its leaf in the tree: `state and kind 1 | length 2 | key | body`.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        append(to: &bytes)
        return bytes
    }

    func append(to bytes: inout [UInt8]) {
        let length = key.count + body.count
        bytes.append(state.rawValue | kind.rawValue)
        bytes.append(UInt8(truncatingIfNeeded: length >> 8))
        bytes.append(UInt8(truncatingIfNeeded: length))
        bytes.append(contentsOf: key)
        bytes.append(contentsOf: body)
    }

    /// Reads the item at the beginning of some bytes; `nil` if there is none.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count >= DumpItem.headBytes, let head = bytes.first,
            let state = State(rawValue: head & DumpItem.stateBits),
            let kind = Kind(rawValue: head & ~DumpItem.stateBits)
        else { return nil }
        let length = Int(bytes[bytes.startIndex + 1]) << 8 | Int(bytes[bytes.startIndex + 2])
        let rest = bytes.dropFirst(DumpItem.headBytes).prefix(length)
        let keyBytes = state == .forgotten ? Digest256.byteCount : kind.keyBytes
        guard rest.count == length, state == .present ? length > keyBytes : length == keyBytes else { return nil }
        self.init(kind: kind, key: Array(rest.prefix(keyBytes)), body: Array(rest.dropFirst(keyBytes)))
        self.state = state
    }

    private static let stateBits: UInt8 = 0xC0
}

extension DumpItem.Kind {
    /// How long its keys are.
    var keyBytes: Int {
        switch self {
        case .pin, .block: 1 + Bits160.byteCount
        case .floor, .evidence: SignerKey.byteCount
        case .history: HistoryKey.byteCount
        case .value, .publication: EntryKey.byteCount
        }
    }

    /// The tables that it comes from. A value stands in one of two.
    var tables: [Table] {
        switch self {
        case .pin: [.pins]
        case .floor: [.floors]
        case .history: [.history]
        case .value: [.entries, .retained]
        case .evidence: [.evidence]
        case .publication: [.publications]
        case .block: [.blocks]
        }
    }

    /// The word for it in texts.
    package var name: String {
        switch self {
        case .pin: "pin"
        case .floor: "floor"
        case .history: "history"
        case .value: "value"
        case .evidence: "evidence"
        case .publication: "publication"
        case .block: "block"
        }
    }
}
