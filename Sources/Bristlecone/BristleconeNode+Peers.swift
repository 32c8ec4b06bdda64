internal import DHTCore
public import IPv8

/// Finding single peers.
extension BristleconeNode {
    /// Asks whether a node answers at an address, and which one.
    public func ping(_ address: Address) async throws(NodeError) -> PingReport {
        if await isOwn(address) {
            throw NodeError(
                .invalidArgument, "\(address) is this node's own address; give the one of another node.")
        }
        switch await loop.run(.ping(address)) {
        case .pinged(let key, let roundTrip)?:
            return PingReport(address: address, publicKey: key, roundTrip: roundTrip)
        case .pingTimedOut?:
            throw NodeError(
                .nobodyAnswered,
                "Nobody answered at \(address) within 5 seconds; check that the address is right and a node runs there."
            )
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

    /// Finds the peer with an identity, has it open its NAT for this node, and sees that it answers.
    ///
    /// - Parameters:
    ///   - mid: the identity.
    ///   - knownAddress: where the peer was last; the node tries it before it asks others.
    /// - Returns: the addresses at which it answers, at least one.
    public func connectPeer(
        mid: Mid, knownAddress: Address? = nil
    ) async throws(NodeError) -> [NodeInfo] {
        try await connectPeer(mid: mid, knownAddress: knownAddress, progress: nil)
    }

    /// Finds a peer and has it answer, and tells how far that has come.
    package func connectPeer(
        mid: Mid, knownAddress: Address?, progress: CommandWatcher?
    ) async throws(NodeError) -> [NodeInfo] {
        guard mid != folder.identity.publicKey.mid else {
            throw NodeError(
                .invalidArgument, "\(mid) is this node's own identity; give the one of another peer.")
        }
        switch await loop.run(.connect(mid, knownAddress: knownAddress), progress: progress) {
        case .connected(let peers)? where !peers.isEmpty:
            return peers
        case .connected?:
            throw NodeError(.nobodyAnswered, "No peer \(mid) was found that answers; it may be offline.")
        case let other: throw NodeError(unfinished: other)
        }
    }
}
