internal import IPv8

/// How much time may go into reading values for strangers. Contacts are not limited here: each may ask ten times in five
/// seconds.
struct ReadBudget: Sendable {
    private var fullAt = Instant.distantPast

    /// What reading a page of values takes.
    static let cost: Duration = .microseconds(100)
    /// The share of one core's time.
    static let share = 0.25
    /// How much of that may be used at once, in time that passes meanwhile.
    private static let burst: Duration = .milliseconds(500)

    /// Takes the cost of a read; `false`, and nothing taken, if the budget does not hold that much.
    mutating func take(at now: Instant) -> Bool {
        let next = max(fullAt, now) + ReadBudget.cost / ReadBudget.share
        guard next - now <= ReadBudget.burst else { return false }
        fullAt = next
        return true
    }
}
