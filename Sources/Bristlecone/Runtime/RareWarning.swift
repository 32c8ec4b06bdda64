/// A warning that may be due with every packet, and is given once in ten minutes.
struct RareWarning {
    private var given: Duration?
    private var untold = 0

    private static let interval: Duration = .seconds(600)

    /// How often it was due since it was last given, as words to put behind it; `nil` where it is not to be given now.
    ///
    /// - Parameter now: how long the machine has been up.
    mutating func next(at now: Duration) -> String? {
        if let given, now - given < RareWarning.interval {
            untold += 1
            return nil
        }
        defer { (given, untold) = (now, 0) }
        return untold == 0 ? "" : " (and \(untold) times more since it was last told)"
    }
}
