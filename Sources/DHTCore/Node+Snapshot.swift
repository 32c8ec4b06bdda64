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

extension Node {
    /// All contacts of all families.
    public var contacts: [Contact] { families.present.flatMap { families[$0]?.table.contacts ?? [] } }

    /// The contacts that are worth asking after the next start: those of now, and those that fell silent.
    public var contactsToRemember: [Contact] { contacts + lostContacts.contacts }

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
