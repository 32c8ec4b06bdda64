internal import DHTCore
internal import IPv8
internal import Kademlia

/// The reference's lookup: at most 24 nodes, and not finished before no node is left to ask, with or without values.
final class ReferenceCrawl {
    let target: Target
    let purpose: Purpose
    /// The number of concurrent requests.
    var underWay = 0
    /// The nodes that were asked, in order.
    private(set) var tried: [ReferenceContact] = []
    /// The nodes that answered, and their values.
    private(set) var responses: [(contact: ReferenceContact, values: [Entry])] = []
    private var triedMids: Set<Mid> = []
    private var waiting: [Candidate]

    enum Purpose {
        case find(CommandID)
        case publish(CommandID, Entry)
        case refresh
        case ownRecord
    }

    /// A node to ask, and the node that can make it puncture us first.
    struct Candidate {
        let contact: ReferenceContact
        var introducer: ReferenceContact?
    }

    /// `MAX_CRAWL_NODES`, `MAX_CRAWL_REQUESTS`, `MAX_CRAWL_TASKS`.
    static let seedsMax = 8
    private static let requestsMax = 24
    private static let parallelMax = 4

    init(_ target: Target, for purpose: Purpose, seeds: [ReferenceContact]) {
        self.target = target
        self.purpose = purpose
        waiting = seeds.map { Candidate(contact: $0, introducer: nil) }
    }

    var wantsNodes: Bool {
        switch purpose {
        case .find, .refresh: false
        case .publish, .ownRecord: true
        }
    }

    /// The next node to ask; `nil` while four are being asked, and at the end.
    func next() -> Candidate? {
        guard underWay < ReferenceCrawl.parallelMax, tried.count < ReferenceCrawl.requestsMax, !waiting.isEmpty else {
            return nil
        }
        let candidate = waiting.removeFirst()
        tried.append(candidate.contact)
        triedMids.insert(candidate.contact.mid)
        underWay += 1
        return candidate
    }

    func answered(_ contact: ReferenceContact, _ values: [Entry], naming nodes: [NodeInfo]) {
        responses.append((contact, values))
        for (place, node) in nodes.enumerated() where !triedMids.contains(node.publicKey.mid) {
            consider(ReferenceContact(node), introducedBy: place == 0 ? nil : contact)
        }
    }

    /// A node farther than the fourth waiting one is not worth asking.
    private func consider(_ contact: ReferenceContact, introducedBy introducer: ReferenceContact?) {
        let distance = Distance(contact.id, target)
        if waiting.count >= 4, distance > Distance(waiting[3].contact.id, target) { return }
        if let place = waiting.firstIndex(where: { $0.contact.mid == contact.mid }) {
            return waiting[place].introducer = introducer
        }
        let place = waiting.firstIndex { distance < Distance($0.contact.id, target) } ?? waiting.count
        waiting.insert(Candidate(contact: contact, introducer: introducer), at: place)
    }

    /// All nodes that were asked, closest first, including those that never answered.
    var triedByDistance: [ReferenceContact] { byDistance(tried) }

    /// The closest nodes that answered without values: the found value is stored on them.
    var cacheCandidate: ReferenceContact? { byDistance(responses.filter(\.values.isEmpty).map(\.contact)).first }

    private func byDistance(_ contacts: [ReferenceContact]) -> [ReferenceContact] {
        contacts.sorted { Distance($0.id, target) < Distance($1.id, target) }
    }

    /// The found values without duplicates: everybody's first values before the second ones.
    var values: [Entry] {
        var seen: Set<[UInt8]> = []
        var merged: [Entry] = []
        for place in 0..<(responses.map(\.values.count).max() ?? 0) {
            for (_, values) in responses where place < values.count && seen.insert(values[place].bytes).inserted {
                merged.append(values[place])
            }
        }
        return merged
    }

    /// The highest version of each signer, then the unsigned values.
    var result: [Entry] {
        var newest: [EntryID: Entry] = [:]
        var order: [EntryID] = []
        let all = values
        for entry in all {
            guard let version = entry.signature?.version else { continue }
            let id = entry.id
            if newest[id] == nil { order.append(id) }
            if let known = newest[id]?.signature?.version, known >= version { continue }
            newest[id] = entry
        }
        return order.compactMap { newest[$0] } + all.filter { $0.signature == nil }
    }
}
