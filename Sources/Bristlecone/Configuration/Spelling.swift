/// Finds what somebody meant who wrote something that there is not.
package enum Spelling {
    /// The nearest of the names; `nil` where none is near.
    package static func nearest(to word: String, among names: [String]) -> String? {
        let wanted = normal(word)
        let ranked = names.map { name in (name: name, distance: distance(wanted, name)) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }),
            best.distance <= max(1, min(wanted.count, best.name.count) / 3)
        else { return nil }
        return best.name
    }

    /// How far a word is from a setting's whole name, or from the part behind the section.
    private static func distance(_ word: [Character], _ name: String) -> Int {
        let whole = normal(name)
        let tail = name.contains(".") ? normal(String(name.split(separator: ".").last ?? "")) : whole
        return min(edits(word, whole), edits(word, tail))
    }

    /// Case and the kind of separator are no difference.
    private static func normal(_ word: String) -> [Character] {
        word.lowercased().prefix(64).map { ".-_ ".contains($0) ? "_" : $0 }
    }

    /// The number of characters to insert, delete, replace or swap with their neighbour.
    private static func edits(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, character) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(last[column] + (character == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, character == right[column - 1], left[row - 1] == other {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
