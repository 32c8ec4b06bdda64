internal import IPv8

/// What follows once the shell has done the work that it was asked for: one table for each kind of work.
struct Continuations: Sendable {
    private var checks: [WorkID: Check] = [:]
    private var reads: [WorkID: Read] = [:]
    private var commits: [WorkID: Commit] = [:]
    private var listings: [WorkID: Listing] = [:]
    private var loads: [WorkID: Load] = [:]

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
    }

    /// Values that are being read.
    enum Read: Sendable {
        /// For a peer's find request.
        case find(FindRequest, from: NodeInfo)
        /// From our own archive, for a user's search.
        case ownValues(ActivityID)
    }

    /// Values that are being made durable.
    enum Commit: Sendable {
        /// Those of a peer's store request.
        case store(RequestID, from: NodeInfo)
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

    mutating func add(_ check: Check, as id: WorkID) -> WorkID {
        checks[id] = check
        return id
    }

    mutating func add(_ read: Read, as id: WorkID) -> WorkID {
        reads[id] = read
        return id
    }

    mutating func add(_ commit: Commit, as id: WorkID) -> WorkID {
        commits[id] = commit
        return id
    }

    mutating func add(_ listing: Listing, as id: WorkID) -> WorkID {
        listings[id] = listing
        return id
    }

    mutating func add(_ load: Load, as id: WorkID) -> WorkID {
        loads[id] = load
        return id
    }

    mutating func takeCheck(_ id: WorkID) -> Check? { checks.removeValue(forKey: id) }
    mutating func takeRead(_ id: WorkID) -> Read? { reads.removeValue(forKey: id) }
    mutating func takeCommit(_ id: WorkID) -> Commit? { commits.removeValue(forKey: id) }
    mutating func takeListing(_ id: WorkID) -> Listing? { listings.removeValue(forKey: id) }
    mutating func takeLoad(_ id: WorkID) -> Load? { loads.removeValue(forKey: id) }
}
