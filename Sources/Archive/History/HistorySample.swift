package import IPv8

/// One of the main figures of a node. Its raw value is its column among the samples.
package enum HistoryFigure: String, Sendable, CaseIterable {
    /// Contacts over all families.
    case contacts
    /// Those of them that answered lately.
    case goodContacts = "good_contacts"
    /// How long the node was ready.
    case readySeconds = "ready_seconds"
    /// Values in the serving window, expired ones too.
    case archivedValues = "archived_values"
    /// Keys that have such values.
    case archivedKeys = "archived_keys"
    /// Bytes of the archive that count against its size limit.
    case liveBytes = "live_bytes"
    /// Free space on the disk of the data folder.
    case freeBytes = "free_bytes"
    /// Changes of the archive.
    case changes
    /// Values that the archive refused.
    case valuesRefused = "values_refused"
    /// Records that gave way to others.
    case valuesEvicted = "values_evicted"
    /// Datagrams that came in.
    case datagramsReceived = "datagrams_received"
    /// Bytes of them, without the headers of UDP and IP.
    case bytesReceived = "bytes_received"
    /// Datagrams that went out.
    case datagramsSent = "datagrams_sent"
    /// Bytes of them, without the headers of UDP and IP.
    case bytesSent = "bytes_sent"
    /// Datagrams that were not acted on.
    case datagramsDropped = "datagrams_dropped"
    /// Requests of this node that nobody answered in time.
    case requestsTimedOut = "requests_timed_out"
    /// Lookups that ended.
    case lookups
    /// Keys that were due to be republished.
    case dueKeys = "due_keys"
    /// Those of them that came too late for a value.
    case lateKeys = "late_keys"
    /// Keys that were republished and acknowledged.
    case republishedKeys = "republished_keys"
    /// Keys that were republished and not acknowledged.
    case unacknowledgedKeys = "unacknowledged_keys"
    /// Pinned keys of which fewer than 3 other nodes held a replica.
    case endangeredPins = "endangered_pins"
    /// Memory of the process.
    case memoryBytes = "memory_bytes"
    /// Processor time of the process.
    case cpuMilliseconds = "cpu_milliseconds"
    /// Files and sockets that the process had open.
    case openFiles = "open_files"
    /// The longest delay of the event loop.
    case loopLagMilliseconds = "loop_lag_milliseconds"
    /// Introduction requests that came in.
    case introductionRequests = "introduction_requests"
    /// Ping requests that came in.
    case pingRequests = "ping_requests"
    /// Find requests that came in.
    case findRequests = "find_requests"
    /// Store requests that came in.
    case storeRequests = "store_requests"
    /// Requests that came in to store a peer or to connect to one.
    case peerRequests = "peer_requests"
    /// Requests of all kinds that the node answered.
    case answeredRequests = "answered_requests"
    /// How long these waited for their responses inside the node, all together.
    case answeringMicroseconds = "answering_microseconds"
    /// Responses to requests of this node.
    case receivedResponses = "received_responses"
    /// How long this node waited for these, all together.
    case waitingMicroseconds = "waiting_microseconds"

    /// What an hour's figure is, by those of its minutes.
    var summary: Summary {
        switch self {
        case .contacts, .goodContacts, .archivedValues, .archivedKeys, .liveBytes, .freeBytes, .dueKeys,
            .lateKeys, .endangeredPins, .memoryBytes, .openFiles:
            .average
        case .readySeconds, .changes, .valuesRefused, .valuesEvicted, .datagramsReceived,
            .bytesReceived, .datagramsSent, .bytesSent, .datagramsDropped, .requestsTimedOut, .lookups,
            .republishedKeys, .unacknowledgedKeys, .cpuMilliseconds, .introductionRequests, .pingRequests,
            .findRequests, .storeRequests, .peerRequests, .answeredRequests, .answeringMicroseconds,
            .receivedResponses, .waitingMicroseconds:
            .sum
        case .loopLagMilliseconds:
            .maximum
        }
    }

    enum Summary {
        case average, sum, maximum
    }
}

/// How long the time is that a sample tells of, in seconds.
package enum SampleSpan: Int, Sendable, CaseIterable {
    case minute = 60
    case hour = 3600

    package var duration: Duration { .seconds(rawValue) }

    /// How old samples get.
    var kept: Duration {
        switch self {
        case .minute: .seconds(2 * 86_400)
        case .hour: .seconds(3653 * 86_400)
        }
    }

    /// How many samples there are at most, whatever the clock did.
    var countMax: Int { 2 * Int(kept.nanoseconds / duration.nanoseconds) }

    /// The beginning of the minute or the hour that a moment is in.
    func start(of instant: Instant) -> Instant {
        let length = duration.nanoseconds
        return Instant(nanoseconds: instant.nanoseconds - instant.nanoseconds % length)
    }
}

/// The main figures of a minute or an hour.
package struct StoredSample: Sendable, Hashable {
    package var start: Instant
    /// Figures that are missing are zero.
    package var figures: [HistoryFigure: Int]

    package init(start: Instant, figures: [HistoryFigure: Int]) {
        self.start = start
        self.figures = figures
    }
}

/// Something that an operator may want to know of a night later.
package struct StoredEvent: Sendable, Hashable {
    /// A later event has a higher number, whatever the clock says.
    package var number: Int
    package var at: Instant
    package var kind: Kind
    /// Which alert it is; `nil` for other events.
    package var code: String?
    /// A sentence.
    package var text: String

    package enum Kind: String, Sendable, Codable, CaseIterable {
        case started, stopped
        case uncleanEnd = "unclean_end"
        case quotaReached = "quota_reached"
        case damageFound = "damage_found"
        case clockStep = "clock_step"
        case addressChanged = "address_changed"
        case backupMade = "backup_made"
        case restored
        case alertRaised = "alert_raised"
        case alertCleared = "alert_cleared"
    }
}
