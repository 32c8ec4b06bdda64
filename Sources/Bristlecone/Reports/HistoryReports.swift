internal import Archive
package import IPv8

/// Over how long each sample of the history goes.
package enum HistoryResolution: String, Sendable, Codable, CaseIterable {
    case minute, hour
    /// Made from the hours when somebody asks, by UTC.
    case day
}

/// The main figures of a minute, an hour or a day.
package struct HistorySample: Sendable, Equatable, Codable {
    /// When the minute or the hour began.
    package var at: Instant
    /// The figures by name: `docs/history.md` and the view `column_notes` of the index explain them.
    package var figures: [String: Int]
}

/// An event that an operator may want to know of later.
package struct NotableEvent: Sendable, Equatable, Codable {
    /// Ascends with every event; give the lowest one that you have to get those before it.
    package var number: Int
    package var at: Instant
    /// What kind of event it is, such as `started` or `alert_raised`.
    package var kind: String
    /// Which alert it is; `nil` for other events.
    package var code: String?
    /// A sentence.
    package var message: String

    init(_ event: StoredEvent) {
        number = event.number
        at = event.at
        kind = event.kind.rawValue
        code = event.code
        message = event.text
    }
}
