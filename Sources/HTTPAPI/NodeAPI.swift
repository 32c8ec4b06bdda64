package import Bristlecone
internal import Logging

/// What operations work on: a node, and what belongs to its API.
package final class NodeAPI: Sendable {
    package let node: BristleconeNode
    /// How requests over TCP are let in.
    let admission: Admission
    /// What the server has refused and answered.
    let counters = HTTPCounters()
    let logger: Logger

    init(node: BristleconeNode, admission: Admission, logger: Logger) {
        self.node = node
        self.admission = admission
        self.logger = logger
    }
}
