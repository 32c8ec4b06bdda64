package import Bristlecone
internal import Logging

/// What operations work on: a node, and what belongs to its API.
package final class NodeAPI: Sendable {
    package let node: BristleconeNode
    /// Which settings the node uses, and how they change.
    let configuration: RunningConfiguration
    /// How requests over TCP are let in.
    let gate: Gate
    /// What the server has refused and answered.
    let counters = HTTPCounters()
    let logger: Logger

    var admission: Admission { gate.admission }

    init(node: BristleconeNode, configuration: RunningConfiguration, gate: Gate, logger: Logger) {
        self.node = node
        self.configuration = configuration
        self.gate = gate
        self.logger = logger
    }
}
