internal import Archive
internal import DHTCore
package import IPv8
internal import Kademlia
internal import Maintenance

/// What the node knows of the overlay, and what an operator may have it do there.
extension BristleconeNode {
    package var publicKey: PublicKey { folder.identity.publicKey }

    /// The node looks for peers while it has fewer contacts than this in a family.
    package static var contactsWanted: Int { Node.contactsWanted }

    /// How many keys have values that the node serves. Expired values count until a sweep has taken them out.
    package var servedKeyCount: Int { (try? archive.statistics().keys) ?? 0 }

    /// Contacts by bucket, own addresses, and who remembers whom.
    package func overlay() async throws(NodeError) -> OverlayReport {
        guard let overlay = await loop.overlay() else { throw NodeError(unfinished: nil) }
        return OverlayReport(overlay.snapshot, at: overlay.now, plus: overlay.clockOffset)
    }

    /// Where a peer is that had itself remembered here; empty if none with that identity did.
    package func registeredPeer(mid: Mid) async -> [NodeInfo] { await loop.registeredPeer(mid) }

    /// Looks up a random place in a bucket, of each family that has one with this prefix.
    package func refreshBucket(prefix: String) async throws(NodeError) -> BucketRefresh {
        async let ipv4 = loop.run(.refreshBucket(.ipv4, prefix: prefix))
        async let ipv6 = loop.run(.refreshBucket(.ipv6, prefix: prefix))
        let outcomes = await [ipv4, ipv6]
        if outcomes.contains(.refreshed) { return .refreshed }
        if outcomes.contains(.noContacts) { return .noContacts }
        for case let outcome in outcomes where outcome != .noSuchBucket { throw NodeError(unfinished: outcome) }
        return .noSuchBucket
    }

    /// Asks whoever is at an address for an introduction, and does not wait for the answer.
    package func walk(to address: Address) async throws(NodeError) {
        let outcome = await loop.run(.walk(address))
        if outcome != .walked { throw NodeError(unfinished: outcome) }
    }

    /// The values that the node serves, in the order of keys, in parts.
    ///
    /// - Parameters:
    ///   - key: the listing goes on after this key; `nil` to begin.
    ///   - limit: the listing ends with the key that reaches this number of values. It also ends after so many records
    ///     have been read that it would take long, and may then be short or even empty.
    package func servedValues(after key: Target?, limit: Int) throws(NodeError) -> ServedValues {
        do throws(ArchiveError) {
            let listing = try archive.servedListing(after: key, limit: limit, at: loop.moment.now)
            return ServedValues(
                values: listing.values.compactMap { value in
                    value.record.map { ServedValue(key: value.target, record: $0) }
                }, next: listing.next)
        } catch {
            throw NodeError(error)
        }
    }
}

extension ServedValue {
    fileprivate init(key: Target, record: ArchivedRecord) {
        let family: AddressFamily? =
            switch record.provenance {
            case .publishedHere: nil
            case .received(_, let address): address.family
            }
        self.init(key: key, value: FoundValue(record.entry), family: family)
    }
}

extension OverlayReport {
    init(_ snapshot: OverlaySnapshot, at now: Instant, plus offset: Duration) {
        self.init(
            families: snapshot.families.map { Family($0, at: now, plus: offset) }, peersByKey: snapshot.registeredPeers,
            ownRecordHolders: snapshot.ownRecordHolders, tokens: snapshot.tokenCount, globalTime: snapshot.globalTime)
    }
}

extension OverlayReport.Family {
    fileprivate init(_ family: FamilySnapshot, at now: Instant, plus offset: Duration) {
        self.init(
            listen: family.listenAddress, lan: family.lanAddress, wan: family.wanAddress, nodeID: family.nodeID,
            hasHadContacts: family.hasHadContacts,
            buckets: family.buckets.map { bucket in
                OverlayReport.Bucket(
                    prefix: bucket.prefix,
                    lastChanged: bucket.lastChanged == .distantPast ? nil : bucket.lastChanged + offset,
                    contacts: bucket.contacts.map { OverlayReport.Contact($0, at: now, plus: offset) })
            })
    }
}

extension OverlayReport.Contact {
    fileprivate init(_ contact: Contact, at now: Instant, plus offset: Duration) {
        self.init(
            node: contact.node, nodeID: contact.id, standing: NodeStatus.Contact.Standing(contact.status(at: now)),
            lastResponse: contact.lastResponse + offset, lastQuery: contact.lastQuery.map { $0 + offset },
            failures: contact.failures, roundTrip: contact.roundTrip)
    }
}
