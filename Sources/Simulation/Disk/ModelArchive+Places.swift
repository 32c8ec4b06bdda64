internal import DHTCore
internal import IPv8

extension ModelArchive {
    /// The places for values of one target; its owner has one more. There are fewer than a node has by default, so that
    /// a key is full after a short run.
    package struct Limits: Sendable {
        /// For values that others signed.
        package var signed = 256
        /// For unsigned values.
        package var unsigned = 64

        package init() {}

        fileprivate subscript(kind: Kind) -> Int {
            switch kind {
            case .owner: 1
            case .signed: signed
            case .unsigned: unsigned
            }
        }
    }

    /// The class of a value's place, in serving order.
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

    /// The source of a value.
    enum Holder: Hashable {
        /// Published here and not withdrawn.
        case theOperator
        /// Published here and withdrawn.
        case withdrawn
        case network(Network)

        /// The account of its place. Withdrawn values, and values without an address, share one.
        fileprivate var counted: Network? {
            switch self {
            case .theOperator: nil
            case .withdrawn: Network(Address.none.host)
            case .network(let network): network
            }
        }
    }

    /// A /24 of IPv4 or a /48 of IPv6, in the order in which equal ones give up places.
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

    /// What makes room for a newcomer.
    enum Vacancy: Equatable {
        /// Nothing, because there is a free place.
        case free
        /// This value has expired and leaves the serving window.
        case retires(Int)
        case givenUp(Int)
        case none
    }

    /// Finds the value that makes room for a newcomer.
    ///
    /// If all places are taken, the value that expired first does. If none has expired, it is one of the network with
    /// the most places, if the newcomer's network has fewer. Pinned values, and those published here and not withdrawn,
    /// stay.
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
        // A withdrawn value that is published again is the operator's.
        let own = newcomer == .withdrawn ? 0 : byNetwork[newcomer.counted]?.count ?? 0
        let most = byNetwork.compactMap { network, places in network.map { (network: $0, places: places) } }
            .max { ($0.places.count, $0.network) < ($1.places.count, $1.network) }
        guard let most, most.places.count > own + 1 else { return .none }
        // A value that is stored at this moment is about to be acknowledged.
        let oldest = most.places.filter { held[$0].lastStored != now }.min { held[$0].firstSeen < held[$1].firstSeen }
        return oldest.map { .givenUp($0) } ?? .none
    }
}

extension ModelArchive.Holder {
    init(_ provenance: Provenance) {
        switch provenance {
        case .publishedHere: self = .theOperator
        case .received(_, let address): self = .network(ModelArchive.Network(address.host))
        }
    }
}

extension ModelArchive {
    /// The number of values in the serving window, and of retained ones.
    var valueCounts: (served: Int, retained: Int) {
        holdings.reduce(into: (0, 0)) { counts, key in
            // Nothing has expired at the beginning of time.
            let servedCount = page(of: key.key, offset: 0, limit: .max, at: .distantPast).count
            counts.0 += servedCount
            counts.1 += key.value.count - servedCount
        }
    }
}
