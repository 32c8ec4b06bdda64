internal import IPv8
internal import Kademlia

/// The values that a search has come across: the highest version of each signer, and every unsigned one once.
struct Findings: Sendable {
    private var order: [EntryID] = []
    private var found: [EntryID: (entry: Entry, holder: NodeInfo?)] = [:]

    /// The most values that one search brings together: as many as sixteen nodes give. Who fills a key on each of its nodes
    /// with other values does not thereby hide one that all of them hold.
    private static let entriesMax = 16 * Int(Searches.valuesPerNodeMax)

    /// Takes in a value; the holder is `nil` where it comes from our own archive.
    mutating func add(_ entry: Entry, from holder: NodeInfo?) {
        guard let known = found[entry.id]?.entry else {
            guard order.count < Findings.entriesMax else { return }
            order.append(entry.id)
            return found[entry.id] = (entry, holder)
        }
        guard let new = entry.signature?.version, let old = known.signature?.version, new > old else { return }
        found[entry.id] = (entry, holder)
    }

    /// Signed values first, each kind in the order of discovery.
    var all: [Entry] {
        let entries = order.compactMap { found[$0]?.entry }
        return entries.filter { $0.signature != nil } + entries.filter { $0.signature == nil }
    }

    /// The values that others held, in the order of discovery.
    var fromOthers: [(entry: Entry, holder: NodeInfo)] {
        order.compactMap { id in found[id].flatMap { found in found.holder.map { (found.entry, $0) } } }
    }

    /// A signed value that somebody else held.
    struct Discovery: Sendable {
        let entry: Entry
        let holder: NodeInfo
        /// How long it has to live: an hour from when it was signed.
        let expiry: Instant
    }

    /// How far a signer's clock may be ahead of ours.
    private static let clocksApartMax: Duration = .seconds(300)

    /// The signed values that others held and that may be stored again: as many as fit into a request, in the order of
    /// discovery.
    ///
    /// A value may be stored for as long as it would live without us: its version is the time at which it was signed, and it
    /// lives for `lifetime` from then on. An unsigned value does not tell its age, so it is left where it is. The reference
    /// starts the hour anew, so that looking for a dead value once an hour keeps it alive for ever. A value that claims to
    /// be signed in the future would have more than its hour, so that too is left where it is.
    func discoveries(livingFor lifetime: Duration, at now: Instant) -> [Discovery] {
        let discoveries = order.lazy.compactMap { id -> Discovery? in
            guard let (entry, holder) = found[id], let holder, let version = entry.signature?.version else {
                return nil
            }
            return Discovery(
                entry: entry, holder: holder,
                expiry: Instant(seconds: Int64(version.number)) + lifetime)
        }
        let limit = now + Findings.clocksApartMax
        return Array(
            discoveries.filter { $0.expiry > now && $0.expiry - lifetime <= limit }
                .prefix(StoreRequest.valueCountMax))
    }
}
