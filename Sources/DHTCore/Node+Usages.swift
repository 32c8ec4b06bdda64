internal import IPv8
internal import Kademlia
internal import Maintenance

/// How much of something a node keeps.
package struct Usage: Hashable, Sendable {
    /// What it is, in words.
    package let name: String
    /// How much there is.
    package let count: Int
}

extension Node {
    /// Everything that a node keeps which others can make it keep. How much that may be has to be known to whoever looks.
    package var usages: [Usage] {
        let counts: [(String, Int)] = [
            ("pieces of work", work.count),
            ("searches and publications", lookups.count + publications.count + connections.count),
            ("requests", requests.count),
            ("peers asked lately", pacer.count),
            ("strangers asked for a sign of life", probes.count),
            ("contacts in waiting for one bucket", replacementCountMax),
            ("lost contacts", lostContacts.contacts.count),
            ("lost contacts to be asked", returning.count),
            ("addresses to walk to", walker.unvisitedCount),
            ("addresses walked to", walker.visitedCount),
            ("addresses in local networks", lanAddresses.count),
            ("peers that proved their address", provenPeers.count),
            ("hosts and networks with a budget of bytes", reflections.count),
            ("senders of requests", floods.count),
            ("senders of introductions", discoveryFloods.count),
            ("hosts of strangers", hostFloods.count),
            ("sources of requests for a puncture", punctureFloods.count),
            ("senders with keys of older curves", olderCurveFloods.count),
            ("senders whose packets are being checked", checks.count),
            ("requests known again", replays.count),
            ("token secrets", mint.secrets.count),
            ("remembered peers", registry.count),
            ("hosts that peers found us at", paths.count),
            ("holders of the own record", ownRecord.holders.count),
            ("arcs", upkeep.runs.count),
            ("keys to be stored again", upkeep.queue.keyCount),
        ]
        return counts.map { Usage(name: $0.0, count: $0.1) }
    }

    private var replacementCountMax: Int {
        families.present.lazy.flatMap { families[$0]?.table.buckets ?? [] }.map(\.replacements.count).max() ?? 0
    }
}
