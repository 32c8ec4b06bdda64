/// Moments as people and programs give them, which need not be in UTC.
extension Instant {
    /// Reads a time in any of the forms of RFC 3339: with a distance from UTC such as `+01:00` or `Z`, in capitals or
    /// not, with any number of digits behind the second, of which nine count, and with a leap second, which is the first
    /// of the next minute. A date alone is its beginning in UTC.
    public init?(rfc3339 text: some StringProtocol) {
        // No moment is longer. Searching a long text for the patterns below would take time by its square.
        guard text.utf8.count <= 64 else { return nil }
        var text = text.uppercased()
        var offset = Duration.zero
        if let match = text.wholeMatch(of: /(.+T.+)([+-])(\d\d):?(\d\d)/) {
            guard let hours = Int(match.3), let minutes = Int(match.4), hours < 24, minutes < 60 else { return nil }
            offset = .seconds((hours * 60 + minutes) * 60) * (match.2 == "+" ? 1 : -1)
            text = match.1 + "Z"
        }
        if let match = text.wholeMatch(of: /(.+T\d\d:\d\d):60(\.\d+)?Z/) {
            text = match.1 + ":59Z"
            offset -= .seconds(1)
        } else if let match = text.wholeMatch(of: /(.+T.+\.\d{9})\d+Z/) {
            text = match.1 + "Z"
        }
        guard let moment = Instant(iso8601: text) else { return nil }
        self = moment - offset
    }
}
