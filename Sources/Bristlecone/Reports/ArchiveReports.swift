internal import Archive
internal import FoundationEssentials
package import IPv8
internal import Maintenance

/// A part of a listing.
package struct Page<Item: Codable & Sendable>: Codable, Sendable {
    package var items: [Item]
    /// What to ask for the next part with; `nil` if this is the last one.
    package var next: String?

    package init(items: [Item], next: String? = nil) { (self.items, self.next) = (items, next) }
}

extension Page: Equatable where Item: Equatable {}

/// A value in the archive, served or not, and what the archive knows of it.
package struct ArchivedValueReport: Codable, Sendable, Equatable {
    package var key: Target
    /// `owner`, `signed` or `unsigned`.
    package var valueClass: String
    /// The signer's mid, or the SHA-1 of an unsigned value.
    package var id: String
    /// `served`, `replaced`, `expired`, `retained` or `damaged`.
    package var state: String
    package var data: [UInt8]?
    /// The value in its serialized form, with its signature.
    package var entry: [UInt8]?
    package var publicKey: PublicKey?
    package var version: UInt32?
    package var firstSeen: Instant?
    package var lastStored: Instant?
    package var expiresAt: Instant?
    /// When a later version took its place; `nil` if none did.
    package var replacedAt: Instant?
    package var publishedHere: Bool?
    package var withdrawn: Bool?
    /// Who stored it here.
    package var sender: Mid?
    package var senderAddress: Address?
    package var verified: SignatureCheck?

    private enum CodingKeys: String, CodingKey {
        case key, id, state, data, entry, publicKey, version, firstSeen, lastStored, expiresAt, replacedAt
        case publishedHere, withdrawn, sender, senderAddress, verified
        case valueClass = "class"
    }

    /// What was found out about the signature.
    package struct SignatureCheck: Codable, Sendable, Equatable {
        package var algorithm: String
        package var result: String
        package var at: Instant
        package var by: String
    }
}

/// All that is known about a key.
package struct KeyReport: Codable, Sendable, Equatable {
    package var key: Target
    /// The values in the order in which they are served, with those that are not served any more.
    package var values: [ArchivedValueReport]
    /// Earlier versions of signed values, in the order in which they came.
    package var history: [ArchivedValueReport]
    /// Whether the key, or a signer of its values, is pinned.
    package var isPinned: Bool
    /// Whether the key, or a signer of its values, is blocked.
    package var isBlocked: Bool
    /// Versions below which nothing of a signer is taken, though no value is held.
    package var floors: [Floor]
    /// Pairs of values that one signer gave the same version.
    package var evidence: [EvidenceReport]
    /// When it is to be stored in the DHT again; `nil` if it is not.
    package var nextDue: Instant?
    /// How well the DHT held it when it was last looked for; `nil` if the node has not looked.
    package var replicas: ReplicaHealth?

    private enum CodingKeys: String, CodingKey {
        case key, values, history, floors, evidence, nextDue, replicas
        case isPinned = "pinned"
        case isBlocked = "blocked"
    }

    package struct Floor: Codable, Sendable, Equatable {
        package var signer: Mid
        package var version: UInt32
        package var noted: Instant
    }
}

/// Two values that one signer gave the same version under one key.
package struct EvidenceReport: Codable, Sendable, Equatable {
    package var key: Target
    package var signer: Mid
    package var version: UInt32?
    package var notedAt: Instant?
    /// The value that came first, in its serialized form.
    package var held: [UInt8]?
    package var heldData: [UInt8]?
    /// The value that came later.
    package var offered: [UInt8]?
    package var offeredData: [UInt8]?
}

/// A signer of values in the archive.
package struct PublisherReport: Codable, Sendable, Equatable {
    package var mid: Mid
    package var publicKey: PublicKey?
    package var level: String
    package var values: Int
    package var bytes: Int
    package var firstSeen: Instant
    package var lastStored: Instant
    package var isPinned: Bool
    package var isBlocked: Bool

    private enum CodingKeys: String, CodingKey {
        case mid, publicKey, level, values, bytes, firstSeen, lastStored
        case isPinned = "pinned"
        case isBlocked = "blocked"
    }
}

/// A network whose records take a part of a budget.
package struct SourceReport: Codable, Sendable, Equatable {
    /// The address prefix, such as `192.0.2.0/24`.
    package var source: String
    package var budget: String
    package var records: Int
    package var bytes: Int
}

// MARK: Out of the archive

extension ArchivedValueReport {
    init(_ value: ArchivedValue, at now: Instant) {
        let record = value.record
        let signature = record?.entry.signature
        self.init(
            key: value.target, valueClass: value.entryClass.name, id: value.id.description,
            state: value.state(at: now).rawValue,
            data: record.map { Array($0.entry.data) }, entry: record.map { Array($0.entry.bytes) },
            publicKey: signature?.signer, version: signature?.version.number, firstSeen: record?.firstSeen,
            lastStored: record?.lastStored, expiresAt: record?.expiresAt, replacedAt: value.replacedAt,
            publishedHere: record.map { $0.provenance == .publishedHere }, withdrawn: record?.isWithdrawn,
            verified: value.verification.map {
                SignatureCheck(algorithm: $0.algorithm, result: $0.result, at: $0.at, by: $0.by)
            })
        if case .received(let mid, let address)? = record?.provenance { (sender, senderAddress) = (mid, address) }
    }
}

extension EvidenceReport {
    init(_ known: KnownEvidence) {
        let pair = known.evidence
        self.init(
            key: known.target, signer: known.signer, version: pair?.held.signature?.version.number,
            notedAt: pair?.noted, held: pair.map { Array($0.held.bytes) }, heldData: pair.map { Array($0.held.data) },
            offered: pair.map { Array($0.offered.bytes) }, offeredData: pair.map { Array($0.offered.data) })
    }
}

extension PublisherReport {
    init(_ publisher: Publisher) {
        self.init(
            mid: publisher.mid, publicKey: publisher.publicKey, level: publisher.level, values: publisher.values,
            bytes: publisher.bytes, firstSeen: publisher.firstSeen, lastStored: publisher.lastStored,
            isPinned: publisher.isPinned, isBlocked: publisher.isBlocked)
    }
}

extension KeyReport {
    init(_ key: Target, _ facts: KeyFacts, history: [ValueHistory], values: [ArchivedValue]?, at now: Instant) {
        let earlier = history.flatMap(\.versions).filter { $0.replacedAt != nil }
        let shown = values ?? facts.values.map(\.value)
        self.init(
            key: key, values: shown.map { ArchivedValueReport($0, at: now) },
            history: earlier.map { ArchivedValueReport($0, at: now) }, isPinned: !facts.pins.isEmpty,
            isBlocked: !facts.blocks.isEmpty,
            floors: facts.floors.map { Floor(signer: $0.signer, version: $0.version.number, noted: $0.noted) },
            evidence: facts.evidence.map(EvidenceReport.init), nextDue: facts.values.compactMap(\.due).min(),
            replicas: facts.republished.map { ReplicaHealth(key, $0) })
    }
}

extension ReplicaHealth {
    init(_ key: Target, _ state: RepublishState?) {
        self.init(
            key: key, lookedAt: state?.soughtAt, answered: state?.sought?.answered ?? 0,
            found: state?.sought?.found ?? 0, holders: state?.acknowledged ?? 0)
    }
}
