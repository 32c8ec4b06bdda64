internal import IPv8

/// Finds peers in the local network by broadcasting a call, and lets itself be found by it; only where that is wanted.
extension Node {
    /// How often a node that knows nobody calls, as the reference.
    private static let callInterval: Duration = .seconds(30)
    /// How many calls are answered in an interval. The answer is larger than a call, whose sender may be forged.
    private static let answersMax = 10
    private static let answersInterval: Duration = .seconds(5)

    /// Calls, if nobody is known and it is time to.
    mutating func callLocally(at now: Instant, into effects: inout [Effect]) {
        guard callsLocalNetwork, now - calledAt >= Node.callInterval else { return }
        calledAt = now
        effects.append(.callLocalNetwork)
    }

    /// Somebody has called: asks the caller to introduce us, by which we come to know each other.
    mutating func answerCall(from source: Address, at now: Instant, into effects: inout [Effect]) {
        guard callsLocalNetwork, source.host.isPrivate || source.host.isLoopback else {
            return drop(.undecodable(.foreignPrefix))
        }
        // Our own call comes back to us.
        guard source != families[source.family]?.lan else { return drop(.ownPacket) }
        guard callsAnswered.admit(at: now, max: Node.answersMax, since: now - Node.answersInterval) else {
            return drop(.overloaded)
        }
        walk(to: source, at: now, into: &effects)
    }
}
