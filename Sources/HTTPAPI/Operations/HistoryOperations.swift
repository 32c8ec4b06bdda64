package import Bristlecone
internal import HTTPTypes
package import IPv8

/// Which samples of the history are wanted.
package struct HistoryParameters: Codable, Sendable, Equatable {
    /// The earliest; a day before `to` by default.
    package var from: Moment?
    /// Before this; now by default.
    package var to: Moment?
    /// Minutes of the last two days, hours of the last ten years, which is the default, or whole days of these.
    package var resolution: HistoryResolution?

    package init(from: Instant? = nil, to: Instant? = nil, resolution: HistoryResolution? = nil) {
        (self.from, self.to) = (from.map { Moment($0) }, to.map { Moment($0) })
        self.resolution = resolution
    }
}

/// Which events are wanted.
package struct EventsParameters: Codable, Sendable, Equatable {
    /// Those with a lower number; the newest by default.
    package var before: Int?
    /// How many at most.
    package var limit: Limit?

    package init(before: Int? = nil, limit: Limit? = nil) { (self.before, self.limit) = (before, limit) }
}

extension Operations {
    package static let health = Operation<Nothing, Nothing, NodeHealth>(
        "health", .get, "/health", "Whether the node gets anything done and can be relied on, and if not, why."
    ) { api, _, _, _ in api.node.health }

    package static let history = Operation<HistoryParameters, Nothing, [HistorySample]>(
        "history", .get, "/history",
        "The main figures of each minute of two days, and of each hour or day of ten years."
    ) { api, parameters, _, _ in
        let to = parameters.to?.instant ?? api.node.now
        let from = parameters.from?.instant ?? to + .seconds(-86_400)
        return try await api.node.history(from: from, to: to, resolution: parameters.resolution ?? .hour)
    }

    package static let events = Operation<EventsParameters, Nothing, [NotableEvent]>(
        "events", .get, "/events", "What an operator may want to know of later: starts, unclean ends, damage, alerts."
    ) { api, parameters, _, _ in
        try await api.node.notableEvents(before: parameters.before, limit: (parameters.limit ?? .standard).count)
    }
}
