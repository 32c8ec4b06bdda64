internal import Archive
internal import DHTCore
package import IPv8
internal import Maintenance
internal import NIOCore

/// Addresses and networks from which the node takes nothing.
extension BristleconeNode {
    /// The bans that have not ended, in the order of their texts.
    package func bans() async throws(NodeError) -> [BanReport] {
        let now = loop.moment.now
        return try await threads.housekeeper.run { (archive) throws(ArchiveError) in try archive.bans(at: now) }
            .map(BanReport.init)
    }

    /// Adds and removes bans. They hold when this returns, and after a restart too.
    ///
    /// - Parameter adding: networks, and until when; a network that is banned already gets the new end.
    package func changeBans(
        adding: [(network: IPNetwork, until: Instant?)], removing: [IPNetwork]
    ) async throws(NodeError) -> SubjectChangeReport {
        let now = loop.moment.now
        for (network, until) in adding {
            guard network.prefixLength > 0 else {
                throw NodeError(.invalidArgument, "A ban of \(network) would refuse everybody; name smaller networks.")
            }
            guard until.map({ $0 > now }) ?? true else {
                throw NodeError(.invalidArgument, "The ban of \(network) would have ended already; name a later time.")
            }
        }
        let bans = adding.map { Ban($0.network, since: now, until: $0.until) }
        let change = try await threads.housekeeper.run { (archive) throws(ArchiveError) in
            try archive.changeBans(adding: bans, removing: removing, at: now, countMax: Ban.countMax)
        }
        guard let change else {
            throw NodeError(
                .invalidArgument,
                "There can be \(Ban.countMax) bans and no more, so nothing was changed; remove some, or ban networks "
                    + "instead of their addresses.")
        }
        await loop.ban(change.bans)
        return SubjectChangeReport(added: change.added, removed: change.removed, unchanged: change.unchanged)
    }
}

package struct BanReport: Sendable, Equatable, Codable {
    /// An address, or a network such as `192.0.2.0/24`.
    package var network: IPNetwork
    package var since: Instant
    /// When it ends; `nil` if it does not.
    package var until: Instant?

    init(_ ban: Ban) { (network, since, until) = (ban.network, ban.since, ban.until) }
}

extension NodeLoop {
    /// Has the core ban these networks and no others.
    fileprivate func ban(_ bans: [Ban]) async {
        _ = await ask { [self] in
            take(.bansChanged(bans).moved(by: .zero - clockOffset))
            flush()
            return eventLoop.makeSucceededFuture(Optional(()))
        }
    }
}
