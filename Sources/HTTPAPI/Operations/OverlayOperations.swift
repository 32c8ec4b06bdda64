package import Bristlecone
internal import HTTPTypes
package import IPv8

/// A task to run.
package struct TaskParameters: Codable, Sendable, Equatable {
    package var name: String

    package init(_ name: String) { self.name = name }
}

/// A bucket of a routing table.
package struct RoutingBucket: Codable, Sendable, Equatable {
    package var family: AddressFamily
    /// The leading bits that its node ids share; empty for the only bucket.
    package var prefix: String
    package var contacts: Int
    package var goodContacts: Int
    /// When it last changed or was refreshed.
    package var lastChanged: Instant?
}

/// How many peers had themselves remembered here under one identity.
package struct RegisteredPeer: Codable, Sendable, Equatable {
    package var mid: Mid
    package var records: Int
}

extension Operations {
    package static let contacts = Operation<Nothing, Nothing, [NodeStatus.Contact]>(
        "contacts", .get, "/contacts", "The nodes in the routing tables."
    ) { api, _, _, _ in await api.node.status().contacts }

    package static let buckets = Operation<Nothing, Nothing, [RoutingBucket]>(
        "buckets", .get, "/buckets", "The buckets of the routing tables."
    ) { api, _, _, _ in
        try await api.node.overlay().families.flatMap { family in
            family.buckets.map { bucket in
                RoutingBucket(
                    family: family.listen.family, prefix: bucket.prefix, contacts: bucket.contacts.count,
                    goodContacts: bucket.contacts.count { $0.standing == .good }, lastChanged: bucket.lastChanged)
            }
        }
    }

    package static let peers = Operation<Nothing, Nothing, [RegisteredPeer]>(
        "peers", .get, "/peers",
        "The identities under which peers had themselves remembered here, to be found by others."
    ) { api, _, _, _ in
        try await api.node.overlay().peersByKey.map { RegisteredPeer(mid: $0.key, records: $0.value) }
            .sorted { $0.mid < $1.mid }
    }

    package static let tasks = Operation<Nothing, Nothing, [NodeStatus.RecurringTask]>(
        "tasks", .get, "/tasks", "What the node does again and again, when it last did, and when it will again."
    ) { api, _, _, _ in await api.node.status().upkeep?.jobs ?? [] }

    package static let runTask = Operation<TaskParameters, Nothing, Nothing>(
        "run_task", .post, "/tasks/{name}/run", "Runs a task now.", access: .write,
        audit: { parameters, _, _ in "The task \(parameters.name) was started." }
    ) { api, parameters, _, _ in
        try await api.node.runTask(parameters.name)
        return Nothing()
    }
}
