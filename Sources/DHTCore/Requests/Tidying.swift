internal import IPv8

/// When a table is to be rid of what no longer counts: once it has twice as many entries as it had left the last time. So
/// it costs little on average, and a table is as large as what happens calls for, not as what has ever happened.
///
/// At most half of what there may be is left each time, whatever counts: else a full table would be looked through for
/// every entry that comes.
struct Tidying: Sendable {
    private let countMax: Int
    private var dueAtCount = Tidying.countMin

    /// With so few entries it is not worth while.
    private static let countMin = 64

    /// - Parameter countMax: how many entries there may be in any case.
    init(countMax: Int) { self.countMax = countMax }

    /// Whether a table of so many entries is to be tidied before it takes another one.
    func isDue(_ count: Int) -> Bool { count >= dueAtCount }

    /// Whether more than half of what there may be would be left.
    func leavesTooMany(_ count: Int) -> Bool { 2 * count > countMax }

    /// The moment after which an entry has to have been used to be left, where too many would be.
    ///
    /// - Parameter times: when each of them was used last.
    func cutoff(_ times: [Instant]) -> Instant { times.sorted()[times.count - countMax / 2 - 1] }

    /// Notes how many are left.
    mutating func done(_ count: Int) { dueAtCount = min(countMax, max(Tidying.countMin, 2 * count)) }
}
