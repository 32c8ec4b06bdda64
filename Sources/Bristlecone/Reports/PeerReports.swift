public import IPv8

/// The answer to a ping.
public struct PingReport: Sendable, Equatable, Codable {
    public let address: Address
    /// The identity of the peer that answered.
    public let mid: Mid
    /// The key that the answer was signed with.
    public let publicKey: PublicKey
    /// The time from the request to the answer.
    public let roundTrip: Duration

    private enum CodingKeys: String, CodingKey {
        case address, mid, publicKey
        case roundTrip = "roundTripSeconds"
    }

    init(address: Address, publicKey: PublicKey, roundTrip: Duration) {
        self.address = address
        mid = publicKey.mid
        self.publicKey = publicKey
        self.roundTrip = roundTrip
    }
}

/// Where a peer that was looked for by its identity has answered.
package struct ConnectReport: Sendable, Equatable, Codable {
    /// The peer's identity.
    package var mid: Mid
    /// The addresses at which it answered: two if it is reached over IPv4 and IPv6.
    package var peers: [NodeInfo]
    /// How long the search took.
    package var duration: Duration

    package init(mid: Mid, peers: [NodeInfo], duration: Duration) {
        (self.mid, self.peers, self.duration) = (mid, peers, duration)
    }

    private enum CodingKeys: String, CodingKey {
        case mid, peers
        case duration = "seconds"
    }
}
