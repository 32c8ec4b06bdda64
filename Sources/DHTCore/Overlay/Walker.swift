internal import IPv8

/// Finds the way into the overlay: addresses that others told us of, and that nobody has answered from yet.
struct Walker: Sendable {
    private var unvisited: [Address] = []
    private var visited: [Address: Instant] = [:]

    /// The walk goes on while there are fewer contacts than this, as in the reference.
    static let contactsWanted = 20
    /// The time from one step to the next.
    static let stepInterval: Duration = .milliseconds(500)
    /// How long an address that was walked to is left alone.
    static let revisitAfter: Duration = .seconds(60)
    private static let addressesMax = 256

    var unvisitedCount: Int { unvisited.count }
    var visitedCount: Int { visited.count }

    /// Hears of an address where somebody may be.
    mutating func heardOf(_ address: Address, at now: Instant) {
        guard address.isReachable, !unvisited.contains(address) else { return }
        if let last = visited[address], now - last < Walker.revisitAfter { return }
        if unvisited.count >= Walker.addressesMax { unvisited.removeFirst() }
        unvisited.append(address)
    }

    /// An address of these families to walk to, which is not unvisited any more; `nil` where there is none.
    mutating func take(
        of families: [AddressFamily], at now: Instant, using generator: inout RandomNumbers
    ) -> Address? {
        let indices = unvisited.indices.filter { families.contains(unvisited[$0].family) }
        guard let index = indices.randomElement(using: &generator) else { return nil }
        let address = unvisited.remove(at: index)
        visited = visited.filter { now - $0.value < Walker.revisitAfter }
        visited[address] = now
        return address
    }
}
