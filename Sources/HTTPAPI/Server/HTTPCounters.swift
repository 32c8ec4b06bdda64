internal import Synchronization

/// How many requests were answered, by status, and how many were refused, by reason.
final class HTTPCounters: Sendable {
    private let counts = Mutex(Counts())

    struct Counts: Sendable, Equatable {
        var answered: [Int: Int] = [:]
        var refused: [Refusal: Int] = [:]
        /// The connections that are open, by what they were accepted on.
        var open: [Entrance.Kind: Int] = [:]
    }

    /// Why a request, or a connection, was refused before any operation saw it.
    enum Refusal: String, Sendable, CaseIterable {
        case unauthorized
        case foreignHost = "foreign_host"
        case foreignOrigin = "foreign_origin"
        case foreignUser = "foreign_user"
        case malformed
        case tooLarge = "too_large"
        case tooManyConnections = "too_many_connections"
        case tooSlow = "too_slow"
    }

    var now: Counts { counts.withLock { $0 } }

    func answered(_ status: Int) { counts.withLock { $0.answered[status, default: 0] += 1 } }
    func refused(_ reason: Refusal) { counts.withLock { $0.refused[reason, default: 0] += 1 } }

    /// Counts a connection in, and tells whether there are no more of its kind than allowed.
    func open(_ kind: Entrance.Kind, max: Int) -> Bool {
        counts.withLock { counts in
            counts.open[kind, default: 0] += 1
            return counts.open[kind, default: 0] <= max
        }
    }

    func close(_ kind: Entrance.Kind) { counts.withLock { $0.open[kind, default: 0] -= 1 } }
}
