internal import IPv8

/// What was noted lately, in a bounded table. An element counts for one to two times a turn.
///
/// There are two generations. When the younger one is full or old, it takes the place of the older one.
struct RecentSet<Element: Hashable & Sendable>: Sendable {
    private var recent: Set<Element> = []
    private var older: Set<Element> = []
    private var turnedAt = Instant.distantPast
    private let turn: Duration

    /// How many elements a generation has at most.
    static var generationMax: Int { 4096 }

    init(turn: Duration) { self.turn = turn }

    var count: Int { recent.count + older.count }

    mutating func note(_ element: Element, at now: Instant) {
        if now - turnedAt >= turn || recent.count >= RecentSet.generationMax {
            older = now - turnedAt < turn * 2 ? recent : []
            recent = []
            turnedAt = now
        }
        recent.insert(element)
    }

    mutating func remove(_ element: Element) {
        recent.remove(element)
        older.remove(element)
    }

    func contains(_ element: Element, at now: Instant) -> Bool {
        let age = now - turnedAt
        guard age < turn * 2 else { return false }
        return recent.contains(element) || age < turn && older.contains(element)
    }
}
