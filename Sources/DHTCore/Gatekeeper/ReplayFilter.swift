internal import IPv8

/// Knows the requests of the last few seconds again. A request is bound neither to its receiver nor to a time, so
/// whoever has received one can send it on; it must not count against its signer, nor for it.
struct ReplayFilter: Sendable {
    private var current: Set<UInt64> = []
    private var previous: Set<UInt64> = []
    private var turnedAt: Instant?

    /// A request is known again for one to two times this.
    static let turn: Duration = .seconds(5)
    /// How many requests are known again in each turn.
    static let requestsMax = 65_536

    /// How many requests are known again.
    var count: Int { current.count + previous.count }

    /// Notes a request; `false` where it has been seen.
    mutating func admit(_ packet: Packet, at now: Instant) -> Bool {
        if let turnedAt, now - turnedAt < ReplayFilter.turn {
            if current.count >= ReplayFilter.requestsMax { current.removeAll(keepingCapacity: true) }
        } else {
            previous = turnedAt.map { now - $0 < ReplayFilter.turn * 2 } == true ? current : []
            current = []
            turnedAt = now
        }
        let digest = packet.bytes.withUnsafeBytes(Digest.checksum64)
        return !previous.contains(digest) && current.insert(digest).inserted
    }
}
