package import Bristlecone
internal import HTTPTypes
package import IPv8

/// A network to ban.
package struct BanRequest: Codable, Sendable, Equatable {
    /// An address, or a network such as `192.0.2.0/24`.
    package var network: IPNetwork
    /// When the ban ends; never by default.
    package var until: Moment?

    package init(_ network: IPNetwork, until: Instant?) {
        (self.network, self.until) = (network, until.map { Moment($0) })
    }
}

/// Bans to add and to remove.
package struct BansChange: Codable, Sendable, Equatable {
    package var add: [BanRequest]?
    package var remove: [IPNetwork]?

    package init(add: [BanRequest] = [], remove: [IPNetwork] = []) { (self.add, self.remove) = (add, remove) }
}

extension BansChange {
    /// What the change has come to, in a log line.
    fileprivate func words(_ report: SubjectChangeReport) -> String {
        func words(_ networks: [IPNetwork]) -> String {
            networks.count == 1 ? "\(networks[0])" : "\(networks.count) addresses and networks"
        }
        let (add, remove) = ((add ?? []).map(\.network), remove ?? [])
        let parts =
            (add.isEmpty ? [] : ["Banned \(words(add))"]) + (remove.isEmpty ? [] : ["No longer bans \(words(remove))"])
        return parts.joined(separator: ", ")
            + ": \(report.added + report.removed) changed, \(report.unchanged) unchanged."
    }
}

extension IPNetwork: SchemaDescribed {
    static var schema: Schema {
        .string(Schema.Text(description: "An IP address, or a network such as 192.0.2.0/24 or 2001:db8::/32."))
    }
    static var example: IPNetwork { IPNetwork(.v4(0x7F00_0001)) }
}

extension Operations {
    package static let bans = Operation<Nothing, Nothing, [BanReport]>(
        "bans", .get, "/bans",
        "The addresses and networks from which the node takes nothing, \(Ban.countMax) at most."
    ) { api, _, _, _ in try await api.node.bans() }

    package static let changeBans = Operation<Nothing, BansChange, SubjectChangeReport>(
        "change_bans", .post, "/bans", "Bans addresses and networks, and lifts bans.", access: .write,
        audit: { _, change, report in change.words(report) }
    ) { api, _, change, _ in
        try await api.node.changeBans(
            adding: (change.add ?? []).map { ($0.network, $0.until?.instant) }, removing: change.remove ?? [])
    }
}
