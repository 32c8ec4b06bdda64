public import IPv8

/// Event counts since the node was made.
public struct Counters: Hashable, Sendable {
    /// Datagrams that came in.
    public internal(set) var datagramsReceived = 0
    /// Messages that were acted on, by message id.
    public internal(set) var received: [UInt8: Int] = [:]
    /// Messages that were sent, by message id.
    public internal(set) var sent: [UInt8: Int] = [:]
    /// Datagrams that were not acted on, by reason.
    public internal(set) var dropped: [DropReason: Int] = [:]
    /// Requests that nobody answered in time.
    public internal(set) var timeouts = 0
    /// Requests that waited so as not to exceed what a peer accepts.
    public internal(set) var paced = 0
    /// Values in answers that were not entries or not authentic, and were skipped.
    public internal(set) var valuesSkipped = 0

    /// Keys whose values were stored again and acknowledged.
    public internal(set) var keysRepublished = 0
    /// Keys whose values were to be stored again, and no node acknowledged it.
    public internal(set) var keysUnacknowledged = 0
    /// Keys that were due and left to the nodes that are closer to them.
    public internal(set) var keysLeftToOthers = 0

    // These have no part in ``named``.

    /// How long authentic requests took, by message id: from their arrival until the node was done with them, checks, reads
    /// and commits included.
    public internal(set) var handled: [UInt8: DurationCounts] = [:]
    /// How long responses to this node took, by message id.
    public internal(set) var roundTrips: [UInt8: DurationCounts] = [:]
    /// Lookups that are over.
    public internal(set) var lookups: [LookupEnd: Int] = [:]
    /// Signatures that were given to be checked, by the kind of their key.
    public internal(set) var checks: [KeyLevel: Int] = [:]

    /// Every count under a name; those of drops begin with `dropped.`.
    public var named: [String: Int] {
        var counts = [
            "datagrams_received": datagramsReceived, "requests_timed_out": timeouts, "requests_paced": paced,
            "values_skipped": valuesSkipped, "keys_republished": keysRepublished,
        ]
        for (id, count) in received { counts["received." + Counters.name(ofMessage: id), default: 0] += count }
        for (id, count) in sent { counts["sent." + Counters.name(ofMessage: id), default: 0] += count }
        for (reason, count) in dropped { counts["dropped." + reason.name, default: 0] += count }
        return counts
    }

    private static func name(ofMessage id: UInt8) -> String { MessageKind(rawValue: id)?.name ?? "message_\(id)" }
}
