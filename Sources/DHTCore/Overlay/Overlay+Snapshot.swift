internal import IPv8
internal import Kademlia
internal import Maintenance

/// The overlay as people and the disk are told of it.
extension Overlay {
    /// Whether others see this node at an address.
    func isExternal(_ address: Address) -> Bool { families[address.family]?.external.current == address }

    /// How many contacts were still there when the earlier run ended.
    var countOfLastHeard: Int { lostContacts.countOfLastHeard }

    /// The contacts that are worth asking after the next start: those of now, and those that fell silent.
    var contactsToRemember: [Contact] { contacts + lostContacts.contacts }

    /// The buckets of all families, the farthest half of each key space first.
    var bucketReports: [BucketReport] {
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
    var endpoints: [EndpointSnapshot] {
        families.present.compactMap { families[$0] }.map { family in
            EndpointSnapshot(
                listenAddress: family.listenAddress, externalAddress: family.external.current,
                nodeID: family.table.ownID, contacts: family.table.contacts,
                bucketCount: family.table.buckets.count)
        }
    }

    /// The families with their buckets and contacts.
    func familySnapshots(_ sockets: Sockets) -> [FamilySnapshot] {
        families.present.compactMap { families[$0] }.map { family in
            let table = family.table
            return FamilySnapshot(
                listenAddress: family.listenAddress,
                lanAddress: sockets.lan(in: family.listenAddress.family) ?? family.listenAddress,
                wanAddress: family.wan, nodeID: table.ownID, hasHadContacts: family.hasHadContacts,
                buckets: table.buckets.indices.map { number in
                    BucketSnapshot(
                        prefix: table.prefix(ofBucket: number), lastChanged: table.buckets[number].lastChanged,
                        contacts: table.buckets[number].contacts)
                })
        }
    }

    var usages: [Usage] {
        [
            Usage("strangers asked for a sign of life", probes.count),
            Usage("contacts in waiting for one bucket", replacementCountMax),
            Usage("lost contacts", lostContacts.contacts.count),
            Usage("lost contacts to be asked", walk.returning.count),
            Usage("addresses to walk to", walk.addresses.unvisitedCount),
            Usage("addresses walked to", walk.addresses.visitedCount),
            Usage("addresses in local networks", lanAddresses.count),
            Usage("peers that proved their address", provenPeers.count),
            Usage("peers with an open NAT", openPeers.count),
            Usage("hosts and networks with a budget of bytes", reflections.count),
            Usage("sources of requests for a puncture", punctures.count),
        ]
    }

    private var replacementCountMax: Int {
        families.present.lazy.flatMap { families[$0]?.table.buckets ?? [] }.map(\.replacements.count).max() ?? 0
    }
}
