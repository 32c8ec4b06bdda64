internal import IPv8

/// Which earlier versions of a value are given up, so that there is a bounded number of them however many come.
///
/// The first one stays, and the last sixteen. Between them a version goes when those beside it, which stay, are not
/// further apart than a doubling of age: so there is one from about a day ago, one from two days ago, one from four.
/// Ages are counted back from the newest version in the list, in whole seconds.
enum HistoryThinning {
    /// How many of the newest are all kept.
    static let newestKept = 16
    /// While the clock cannot be relied on, nothing goes before there are this many.
    static let countMaxWithoutClock = 128

    /// The places in the list that are given up.
    ///
    /// - Parameters:
    ///   - times: when each version came, in the order in which they came.
    ///   - clockIsSteady: whether the newest times can be relied on.
    static func excess(_ times: [Instant], clockIsSteady: Bool) -> [Int] {
        guard times.count > newestKept + 2, clockIsSteady || times.count > countMaxWithoutClock,
            let newest = times.max()
        else { return [] }
        let ages = times.map { max(1, newest.seconds - $0.seconds) }
        var excess: [Int] = []
        var ageBefore = ages[0]
        for place in 1..<times.count - newestKept {
            if ageBefore <= 2 * ages[place + 1] {
                excess.append(place)
            } else {
                ageBefore = ages[place]
            }
        }
        return excess
    }
}
