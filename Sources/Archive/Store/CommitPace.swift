/// How many items a commit has, so that other writers do not wait long for it, however slow the machine is.
package struct CommitPace: Sendable {
    package private(set) var items: Int
    private let itemsMax: Int
    private let durationMax: Duration?

    private static let itemsMin = 16

    /// - Parameters:
    ///   - itemsMax: the first commit has as many.
    ///   - durationMax: after a longer commit the next one is smaller; `nil` if nobody waits.
    package init(itemsMax: Int, durationMax: Duration? = nil) {
        (items, self.itemsMax, self.durationMax) = (itemsMax, itemsMax, durationMax)
    }

    /// Notes how long a commit took.
    package mutating func note(_ duration: Duration) {
        guard let durationMax else { return }
        if duration > durationMax {
            items = max(CommitPace.itemsMin, items / 2)
        } else if duration < durationMax / 2 {
            items = min(itemsMax, items * 2)
        }
    }
}
