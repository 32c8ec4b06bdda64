internal import IPv8

/// Finds peers in the local network by broadcasting a call, and lets itself be found by it; only if that is wanted.
struct LocalCalls: Sendable {
    fileprivate var calledAt = Instant.distantPast
    fileprivate var answers = RecentTimes()

    /// How often a node that knows nobody calls, as the reference.
    fileprivate static let interval: Duration = .seconds(30)
    /// How many calls are answered in an interval. The answer is larger than a call, whose sender may be forged.
    fileprivate static let answersMax = 10
    fileprivate static let answersInterval: Duration = .seconds(5)
}

extension Overlay {
    /// Calls, if it is time to.
    mutating func callLocally(_ turn: inout Turn) {
        guard callsLocalNetwork, turn.now - localCalls.calledAt >= LocalCalls.interval else { return }
        localCalls.calledAt = turn.now
        turn.append(.callLocalNetwork)
    }

    /// Somebody has called: asks the caller to introduce us, by which we come to know each other.
    mutating func answerCall(from source: Address, _ requests: inout Requests, _ turn: inout Turn) {
        guard callsLocalNetwork, source.host.isPrivate || source.host.isLoopback else {
            return turn.drop(.undecodable(.foreignPrefix))
        }
        // Our own call comes back to us.
        guard source != turn.sockets.lan(in: source.family) else { return turn.drop(.ownPacket) }
        guard
            localCalls.answers.admit(
                at: turn.now, max: LocalCalls.answersMax, since: turn.now - LocalCalls.answersInterval)
        else { return turn.drop(.overloaded) }
        walk(to: source, &requests, &turn)
    }
}
