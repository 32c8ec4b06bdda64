internal import DHTCore
public import IPv8

/// Finding single peers.
extension BristleconeNode {
    /// Asks whoever is at an address for a sign of life.
    public func ping(_ address: Address) async throws(NodeError) -> PingReport {
        if await isOwn(address) {
            throw NodeError("\(address) is this node's own address; give the one of another node.", canRetry: false)
        }
        switch await loop.run(.ping(address)) {
        case .pinged(let key, let roundTrip)?:
            return PingReport(address: address, publicKey: key, roundTrip: roundTrip)
        case .pingTimedOut?:
            throw NodeError(
                "Nobody answered at \(address) within 5 seconds; check that the address is right and a node runs there.",
                canRetry: true)
        case let other: throw NodeError(unfinished: other)
        }
    }

    private func isOwn(_ address: Address) async -> Bool {
        guard let endpoints = await loop.snapshot()?.endpoints else { return false }
        return endpoints.contains { endpoint in
            let listen = endpoint.listenAddress
            let isOfThisMachine = address.host.isLoopback || LocalHosts.current().contains(address.host)
            return address == listen || address == endpoint.externalAddress
                || listen.host.isUnspecified && listen.family == address.family && listen.port == address.port
                    && isOfThisMachine
        }
    }

    /// Finds the peer with an identity, and sees that it answers.
    ///
    /// - Parameter knownAddress: where the peer was last; tried before anybody else is asked.
    public func connectPeer(
        mid: Mid, knownAddress: Address? = nil
    ) async throws(NodeError) -> ConnectReport {
        guard mid != folder.identity.publicKey.mid else {
            throw NodeError("That is this node's own identity; give the one of another peer.", canRetry: false)
        }
        let begun = ContinuousClock.now
        switch await loop.run(.connect(mid, knownAddress: knownAddress)) {
        case .connected(let peers)? where !peers.isEmpty:
            return ConnectReport(mid: mid, peers: peers, duration: ContinuousClock.now - begun)
        case .connected?:
            throw NodeError(
                "No peer \(mid) was found that answers; it may be offline.", canRetry: true)
        case let other: throw NodeError(unfinished: other)
        }
    }
}
