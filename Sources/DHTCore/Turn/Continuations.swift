internal import IPv8

/// What follows once the shell has done the work that it was asked for: one table for each kind of work.
struct Continuations: Sendable {
    var checks: [WorkID: Check] = [:]
    var reads: [WorkID: Read] = [:]
    var commits: [WorkID: Commit] = [:]
    var listings: [WorkID: Listing] = [:]
    var loads: [WorkID: Load] = [:]

    /// How much work may be under way; what comes beyond that is shed.
    static let countMax = 4096

    /// How much work is under way.
    var count: Int { checks.count + reads.count + commits.count + listings.count + loads.count }

    /// A packet whose signatures are being checked, the entries in it and, if it is a response, the request that waits for
    /// the check.
    struct Check: Sendable {
        let packet: Packet
        let sender: NodeInfo
        let host: IPAddress?
        let entries: [Entry]
        let hold: RequestTable.Hold?
        let arrivedAt: Instant
    }

    /// Values that are being read.
    enum Read: Sendable {
        /// For a peer's find request.
        case find(FindRequest, from: NodeInfo, arrivedAt: Instant)
        /// From our own archive, for a user's search.
        case ownValues(ActivityID)
    }

    /// Values that are being made durable.
    enum Commit: Sendable {
        /// Those of a peer's store request.
        case store(RequestID, from: NodeInfo, arrivedAt: Instant)
        /// What a search found, as a copy that nobody waits for.
        case copy
        /// A user's value, before it goes to other nodes.
        case publication(CommandID, Target, Entry)
        /// What a search for a pinned key found.
        case soughtCopy(ActivityID)
    }

    /// A list of the keys that are due to be republished, at most `limit`.
    struct Listing: Sendable {
        let limit: Int
    }

    /// Values that are being read in order to be republished.
    struct Load: Sendable {
        let run: ActivityID
    }
}
