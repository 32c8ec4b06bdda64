/// When a table is to be rid of what no longer counts: once it has twice as many entries as it had left the last time. So
/// it costs little on average, and a table is as large as what happens calls for, not as what has ever happened.
struct Tidying: Sendable {
    private let countMax: Int
    private var dueAtCount = Tidying.countMin

    /// With so few entries it is not worth while.
    private static let countMin = 64

    /// - Parameter countMax: how many entries there may be in any case.
    init(countMax: Int) { self.countMax = countMax }

    /// Whether a table of so many entries is to be tidied before it takes another one.
    func isDue(_ count: Int) -> Bool { count >= dueAtCount }

    /// Notes how many are left.
    mutating func done(_ count: Int) { dueAtCount = min(countMax, max(Tidying.countMin, 2 * count)) }
}
