/// An import's result as text. Both programs import, and get the result as types of their own.
package enum ImportText {
    /// Why items are refused, in the words that follow their number.
    package static let refusals: KeyValuePairs = [
        "malformed": "contradict themselves",
        "signature": "have a wrong signature",
        "blocked": "are blocked here",
        "target_quota": "are under a key that has as many values as it may",
        "budget": "find no room in their part of the archive, which an import does not make",
        "damaged_here": "have a damaged record here (bristlecone-dump verify --repair)",
        "no_value": "are publications of values that are not stored here",
        "too_many": "are more pins or blocks than there may be",
        "full": "find the archive or its disk full",
    ]
    /// How many refused items are shown one by one.
    package static let refusalsShownMax = 50

    /// A line about an item that was not imported.
    package static func refusal(
        kind: String, key: String, id: String, version: UInt32?, reason: String, on terminal: Terminal
    ) -> String {
        let version = version.map { " version \($0)" } ?? ""
        return "\(terminal.bad("not taken")): \(kind) \(terminal.digits(key)) "
            + "\(terminal.digits(id))\(version) (\(reason))"
    }
}

extension TextTable {
    /// Adds what became of the items of a dump.
    ///
    /// - Parameter refused: numbers of items by reason.
    package mutating func addItems(
        resumedAt: Int, taken: Int, held: Int, superseded: Int, conflicting: Int, leftOut: Int, erased: Int,
        refused: [String: Int]
    ) {
        if resumedAt > 0 { add("done before", "\(resumedAt): an earlier import was interrupted there") }
        add("taken", "\(taken)")
        if held > 0 { add("held already", "\(held)") }
        if superseded > 0 { add("superseded", "\(superseded): the archive has, or had, a later version") }
        if conflicting > 0 { add("conflicting", "\(conflicting): something else has this place, and stays") }
        if leftOut > 0 { add("left out", "\(leftOut): pins, publications, blocks and floors") }
        if erased > 0 { add("erased", "\(erased): records of blocked keys and signers") }
        for (reason, text) in ImportText.refusals {
            if let count = refused[reason] { add("refused", "\(count) \(text)") }
        }
    }

    /// Adds what became of the changes of an increment.
    package mutating func addChanges(
        from first: UInt64, to last: UInt64, of archive: String, put: Int, removed: Int, forgotten: Int
    ) {
        add("changes", "\(first &+ 1) to \(last) of archive \(archive)")
        add("put", "\(put)")
        add("removed", "\(removed)")
        if forgotten > 0 { add("forgotten", "\(forgotten): a node overwrites their bytes on the disk") }
    }
}
