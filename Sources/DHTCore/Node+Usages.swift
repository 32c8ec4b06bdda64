internal import Maintenance

/// How much of something a node keeps, and how much it may.
package struct Usage: Hashable, Sendable {
    /// What it is, in words.
    package let name: String
    /// How much there is.
    package let count: Int
    /// The bound.
    package let max: Int
}

extension Node {
    /// Everything that a node keeps which others can make it keep.
    package var usages: [Usage] {
        [
            Usage(name: "pieces of work", count: work.count, max: Node.workMax),
            Usage(
                name: "searches and publications", count: lookups.count + publications.count + connections.count,
                max: Node.lookupsMax),
            Usage(name: "strangers asked for a sign of life", count: probes.count, max: Probes.countMax),
            Usage(name: "token secrets", count: mint.secrets.count, max: 2),
            Usage(name: "remembered peers", count: registry.count, max: PeerRegistry.recordsMax),
            Usage(name: "lost contacts", count: lostContacts.contacts.count, max: LostContacts.contactsMax),
            Usage(name: "arcs", count: upkeep.runs.count, max: upkeep.limits.arcsMax),
        ]
    }
}
