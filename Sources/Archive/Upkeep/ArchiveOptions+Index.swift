/// Options for programs that open a node's archive without its settings.
extension ArchiveOptions {
    /// The defaults, with the rule that the index in a folder was made by: with another one it would be made anew.
    package init(fittingIndexIn folder: String) {
        self.init()
        let path = folder + "/index.sqlite"
        guard let position = try? ReadOnlyIndex(path: path, isShared: false).position(),
            let rule = RepublishRule(position.republishRule)
        else { return }
        republishing = rule
    }
}

extension RepublishRule {
    /// Reads what ``description`` writes; `nil` for anything else.
    init?(_ text: String) {
        let numbers = text.split(separator: "/").map { Int64($0) }
        guard numbers.count == 3, let interval = numbers[0], let lifetime = numbers[1], let jitterMax = numbers[2],
            interval > 0, lifetime >= 0, jitterMax >= 0
        else {
            return nil
        }
        self.init()
        (self.interval, self.lifetime) = (.nanoseconds(interval), .nanoseconds(lifetime))
        self.jitterMax = .nanoseconds(jitterMax)
    }
}
