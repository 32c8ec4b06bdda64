public import IPv8
public import Kademlia

/// What a node looks like in one address family at one moment.
public struct EndpointSnapshot: Hashable, Sendable {
    /// Where its socket listens.
    public let listenAddress: Address
    /// Where others see it; `nil` while nobody has told.
    public let externalAddress: Address?
    /// Its id, which follows from the outside address.
    public let nodeID: NodeID
    /// Its contacts, farthest part of the key space first.
    public let contacts: [Contact]
    /// How many buckets the contacts are in.
    public let bucketCount: Int
}

/// A bucket of the routing table, for the record.
public struct BucketReport: Hashable, Sendable {
    /// The address family of its table.
    public let family: AddressFamily
    /// The leading bits that its ids share, as `0` and `1`.
    public let prefix: String
    /// How many contacts are in it.
    public let contactCount: Int
    /// When it last changed.
    public let lastChanged: Instant
}

extension Node {
    /// All contacts of all families.
    public var contacts: [Contact] { families.present.flatMap { families[$0]?.table.contacts ?? [] } }

    /// The contacts that are worth asking after the next start: those of now, and those that fell silent.
    public var contactsToRemember: [Contact] { contacts + lostContacts.contacts }

    /// The buckets of all families, the farthest half of each key space first.
    public var bucketReports: [BucketReport] {
        families.present.flatMap { family in
            guard let table = families[family]?.table else { return [BucketReport]() }
            return table.buckets.indices.map { number in
                BucketReport(
                    family: family, prefix: table.prefix(ofBucket: number),
                    contactCount: table.buckets[number].contacts.count, lastChanged: table.buckets[number].lastChanged)
            }
        }
    }

    /// What the node looks like in each family that it has a socket of.
    public var endpoints: [EndpointSnapshot] {
        families.present.compactMap { families[$0] }.map { family in
            EndpointSnapshot(
                listenAddress: family.listenAddress, externalAddress: family.external.current,
                nodeID: family.table.ownID, contacts: family.table.contacts,
                bucketCount: family.table.buckets.count)
        }
    }
}
