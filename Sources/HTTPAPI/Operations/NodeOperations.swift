package import Bristlecone
internal import HTTPTypes
package import IPv8

/// An address to ping.
package struct PingRequest: Codable, Sendable, Equatable {
    package var address: Address

    package init(_ address: Address) { self.address = address }
}

/// A peer to look for.
package struct ConnectRequest: Codable, Sendable, Equatable {
    package var mid: Mid
    /// Where it was last, which is tried first.
    package var address: Address?

    package init(mid: Mid, address: Address?) { (self.mid, self.address) = (mid, address) }
}

/// Where a backup is to be made.
package struct BackupRequest: Codable, Sendable, Equatable {
    /// A new folder, as an absolute path on the node's machine.
    package var folder: String
    /// Whether the node's private key is left out.
    package var withoutIdentity: Bool?

    package init(folder: String, withoutIdentity: Bool = false) {
        (self.folder, self.withoutIdentity) = (folder, withoutIdentity)
    }
}

extension Operations {
    package static let status = Operation<Nothing, Nothing, NodeStatus>(
        "status", .get, "/status", "The state of the node: addresses, contacts, archive, problems and counters."
    ) { api, _, _, _ in await api.node.status() }

    package static let overview = Operation<Nothing, Nothing, NodeOverview>(
        "overview", .get, "/overview",
        "The main figures of the node, in a few kilobytes however much it knows: what the status page shows first."
    ) { api, _, _, _ in await api.node.overview() }

    package static let ping = Operation<Nothing, PingRequest, PingReport>(
        "ping", .post, "/ping", "Asks the node at an address for a sign of life.", access: .write,
        patience: .seconds(30)
    ) { api, _, request, _ in try await api.node.ping(request.address) }

    package static let connect = Operation<Nothing, ConnectRequest, ConnectReport>(
        "connect", .post, "/connect",
        "Finds a peer by its identity, has it open its NAT for this node, and sees that it answers.", access: .write,
        patience: .seconds(120)
    ) { api, _, request, progress in
        let begun = ContinuousClock.now
        let peers = try await api.node.connectPeer(mid: request.mid, knownAddress: request.address) {
            progress.report(ProgressReport($0))
        }
        return ConnectReport(mid: request.mid, peers: peers, duration: ContinuousClock.now - begun)
    }

    package static let plan = Operation<Nothing, Nothing, PlanReport>(
        "plan", .get, "/plan", "What is due to be republished, how much traffic that is, and how long it takes."
    ) { api, _, _, _ in try await api.node.plan() }

    package static let backUp = Operation<Nothing, BackupRequest, BackupReport>(
        "back_up", .post, "/backups", "Copies archive, index, identity and configuration into a new folder.",
        access: .write, patience: .seconds(24 * 3600),
        audit: { _, _, report in "A backup was written to \(report.folder): \(report.values) values." }
    ) { api, _, request, progress in
        guard request.folder.hasPrefix("/"), !request.folder.contains("\0") else {
            throw NodeError(.invalidArgument, "The folder \(quoted(request.folder)) is not an absolute path.")
        }
        let watching = Task {
            while (try? await Task.sleep(for: .seconds(1))) != nil {
                let done = Backup.bytesCopied(to: request.folder + Backup.unfinishedSuffix)
                progress.report(ProgressReport(step: "copying", done: done, total: nil, unit: "bytes"))
            }
        }
        defer { watching.cancel() }
        return try await api.node.backUp(to: request.folder, withIdentity: request.withoutIdentity != true)
    }
}
