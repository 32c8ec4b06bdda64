package import IPv8

/// How a dump is to be imported.
package struct ImportOptions: Sendable {
    /// Whether only what signatures prove is taken: no pins, publications, blocks and floors.
    package var valuesOnly: Bool
    /// Whether the dump consists of lines that somebody has picked or combined, without a closing line.
    package var unsealed: Bool
    /// The node that has to have signed the dump, if any.
    package var signedBy: Mid?

    package init(valuesOnly: Bool = false, unsealed: Bool = false, signedBy: Mid? = nil) {
        (self.valuesOnly, self.unsealed, self.signedBy) = (valuesOnly, unsealed, signedBy)
    }
}

/// How far an import is.
package struct ImportStep: Sendable {
    package enum Kind: String, Sendable { case checking, importing }

    package var kind: Kind
    /// Bytes that are checked, or items that are imported.
    package var done: Int
    package var total: Int
}

/// The result of an import into a running node.
package struct ImportReport: Codable, Sendable, Equatable {
    /// The root of the dump, and who signed it.
    package var root: String
    package var signedBy: String?
    /// What the dump itself says is missing, as the end of a sentence.
    package var gaps: String?
    /// Whether the archive now has every item in its version or a later one.
    package var isComplete = true
    /// Whether the archive or its disk had no room for all items.
    package var isFull = false
    /// Items in the dump, and how many of them an earlier import had done.
    package var items: Int
    package var resumedAt = 0
    package var taken = 0
    package var held = 0
    package var superseded = 0
    package var conflicting = 0
    package var leftOut = 0
    /// Records of blocked keys and signers that were erased at the end.
    package var erased = 0
    /// Numbers of refused items, by reason.
    package var refused: [String: Int] = [:]
    /// The first thousand items that were refused or conflict.
    package var refusals: [Refusal] = []
    /// What an increment came to; `nil` for any other dump.
    package var increment: Increment?
    package var duration: Duration

    /// An item that was not imported.
    package struct Refusal: Codable, Sendable, Equatable {
        package var kind, key, id, reason: String
        package var version: UInt32?
    }

    /// An increment that was applied.
    package struct Increment: Codable, Sendable, Equatable {
        /// The archive that this is a copy of.
        package var archive: String
        /// The change after which it begins, and the one with which it ends.
        package var from, change: UInt64
        package var put, removed, forgotten: Int
    }

    private enum CodingKeys: String, CodingKey {
        case root, signedBy, gaps, items, resumedAt, taken, held, superseded, conflicting, leftOut, erased, refused
        case refusals, increment
        case isComplete = "complete"
        case isFull = "full"
        case duration = "seconds"
    }
}
