internal import DHTCore
internal import IPv8

extension ModelArchive {
    /// How many values of one target there are places for; its owner has one more. They are fewer than a node has unless it
    /// is told otherwise, so that a key is full after a short run.
    package struct Limits: Sendable {
        /// For values that others have signed.
        package var signed = 256
        /// For values that nobody has signed.
        package var unsigned = 64

        /// The defaults.
        package init() {}

        fileprivate subscript(kind: Kind) -> Int {
            switch kind {
            case .owner: 1
            case .signed: signed
            case .unsigned: unsigned
            }
        }
    }

    /// Which of a target's places a value is for; what comes first is served first.
    enum Kind: Comparable {
        case owner, signed, unsigned

        init(_ entry: Entry, _ id: EntryID, under target: Target) {
            guard entry.signature != nil else {
                self = .unsigned
                return
            }
            self = id.bits == target.bits ? .owner : .signed
        }
    }

    /// Who has brought a value.
    enum Holder: Hashable {
        /// It was published here, and is stood by.
        case theOperator
        /// It was published here, and withdrawn.
        case withdrawn
        /// It came from a network.
        case network(Network)

        /// Whom its place is counted for. What was withdrawn came from nobody, like what has no address.
        fileprivate var counted: Network? {
            switch self {
            case .theOperator: nil
            case .withdrawn: Network(Address.none.host)
            case .network(let network): network
            }
        }
    }

    /// A /24 of IPv4, a /48 of IPv6, in the order in which they give up places where they have as many.
    struct Network: Hashable, Comparable {
        private let family: Int
        private let bits: UInt64

        init(_ host: IPAddress) {
            switch host {
            case .v4(let address): (family, bits) = (4, UInt64(address >> 8))
            case .v6(let high, _): (family, bits) = (6, high >> 16)
            }
        }

        static func < (left: Network, right: Network) -> Bool {
            (left.family, left.bits) < (right.family, right.bits)
        }
    }

    /// What has to happen so that there is a place for a newcomer.
    enum Vacancy: Equatable {
        /// Nothing: not all of them are taken.
        case free
        /// This one has expired, and leaves the serving window.
        case retires(Int)
        case givenUp(Int)
        case none
    }

    /// Whose place among a target's values is for a newcomer.
    ///
    /// Where all are taken, what expired first makes room, else the network that has most of the places, if the newcomer's
    /// has fewer. What was published here and is stood by, or is pinned, gives up nothing.
    static func vacancy(
        for newcomer: Holder, of kind: Kind, among held: [Holding], arePinned: Bool, limits: Limits, at now: Instant
    ) -> Vacancy {
        guard held.count >= limits[kind] else { return .free }
        let taken = held.indices.filter { held[$0].place == .served && held[$0].kind == kind }
        guard taken.count >= limits[kind] else { return .free }
        let others = taken.filter { held[$0].holder != .theOperator }.sorted { held[$0].id.bits < held[$1].id.bits }
        let expired = others.filter { held[$0].expiresAt <= now }.min { held[$0].expiresAt < held[$1].expiresAt }
        if let expired { return .retires(expired) }
        guard !arePinned else { return .none }
        let byNetwork = Dictionary(grouping: others) { held[$0].holder.counted }
        // What was withdrawn comes back as the operator's.
        let own = newcomer == .withdrawn ? 0 : byNetwork[newcomer.counted]?.count ?? 0
        let most = byNetwork.compactMap { network, places in network.map { (network: $0, places: places) } }
            .max { ($0.places.count, $0.network) < ($1.places.count, $1.network) }
        guard let most, most.places.count > own + 1 else { return .none }
        // What is stored at this moment is about to be acknowledged.
        let oldest = most.places.filter { held[$0].lastStored != now }.min { held[$0].firstSeen < held[$1].firstSeen }
        return oldest.map { .givenUp($0) } ?? .none
    }
}

extension ModelArchive.Holder {
    init(_ origin: StoreIntent.Origin) {
        switch origin {
        case .published: self = .theOperator
        case .stored(_, let address): self = .network(ModelArchive.Network(address.host))
        }
    }
}

extension ModelArchive {
    /// How many values are in the serving window, and how many are retained beside it.
    var valueCounts: (served: Int, retained: Int) {
        holdings.reduce(into: (0, 0)) { counts, key in
            // At the beginning of time nothing has expired.
            let servedCount = page(of: key.key, offset: 0, limit: .max, at: .distantPast).count
            counts.0 += servedCount
            counts.1 += key.value.count - servedCount
        }
    }
}
