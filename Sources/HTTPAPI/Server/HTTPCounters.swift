internal import Synchronization

/// How many requests were answered, by status, and how many were refused, by reason.
final class HTTPCounters: Sendable {
    private let counts = Mutex(Counts())

    struct Counts: Sendable, Equatable {
        var answered: [Int: Int] = [:]
        var refused: [Refusal: Int] = [:]
        var openConnections = 0
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

    /// Counts a connection in, and tells whether there are no more than allowed.
    func open(max: Int) -> Bool {
        counts.withLock { counts in
            counts.openConnections += 1
            return counts.openConnections <= max
        }
    }

    func close() { counts.withLock { $0.openConnections -= 1 } }
}
