/// The parts of what the archive keeps. Each has a budget of its own, and none takes room from another.
public enum Budget: UInt8, Hashable, Sendable, CaseIterable {
    /// Values in the serving window.
    case served = 1
    /// Values that have left the serving window and are kept.
    case retained = 2
    /// Earlier versions of values.
    case history = 3
    /// Versions below which nothing is taken, where there is no record.
    case floors = 4
    /// Pairs of values of one signer and one version that differ.
    case evidence = 5

    /// The name that counters have for it.
    public var name: String { table == .entries ? "served" : table.name }

    /// The table whose records are charged to it.
    var table: Table {
        switch self {
        case .served: .entries
        case .retained: .retained
        case .history: .history
        case .floors: .floors
        case .evidence: .evidence
        }
    }
}

/// How many bytes each part may hold: keys and records, without the pages around them.
public struct Budgets: Hashable, Sendable {
    /// For values in the serving window.
    public var served: Int
    /// For values that have left it.
    public var retained: Int
    /// For earlier versions.
    public var history: Int
    public var floors: Int
    public var evidence: Int

    /// What a byte of a record takes of the file: pages are two thirds full where keys are random, and every record
    /// stands in the accounts too.
    public static let pageBytesPerRecordByte = 2

    /// The default shares of a file's size, in percent: they make a hundred.
    public static let defaultShares: [Budget: Int] = [
        .served: 50, .retained: 26, .history: 14, .floors: 6, .evidence: 4,
    ]

    /// Shares of a file's size.
    ///
    /// - Parameter shares: in percent; a part that is not named gets nothing.
    public init(sharing fileBytes: Int, shares: [Budget: Int] = Budgets.defaultShares) {
        let bytes = { (budget: Budget) in
            fileBytes / Budgets.pageBytesPerRecordByte / 100 * max(0, shares[budget, default: 0])
        }
        served = bytes(.served)
        retained = bytes(.retained)
        history = bytes(.history)
        floors = bytes(.floors)
        evidence = bytes(.evidence)
    }

    /// The bytes of one part.
    public subscript(budget: Budget) -> Int {
        switch budget {
        case .served: served
        case .retained: retained
        case .history: history
        case .floors: floors
        case .evidence: evidence
        }
    }
}
