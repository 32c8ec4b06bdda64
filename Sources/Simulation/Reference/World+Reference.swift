package import IPv8

/// The reference's nodes among the others.
extension World {
    /// Starts a node of the reference's on a machine, with nothing of what an earlier one knew.
    ///
    /// - Parameter firstSweepAfter: when it first lets go of expired values; less than the interval for a node that is to
    ///   stand for one that has run for longer.
    @discardableResult
    package func startReference(
        _ identity: Identity, on machine: Machine, peers: [Address] = [],
        firstSweepAfter: Duration = ReferenceNode.sweepInterval
    ) -> ReferenceNode {
        let node = ReferenceNode(
            identity, at: machine.address, peers: peers, signatures: settings.signatures,
            firstSweepAfter: firstSweepAfter)
        start(node, on: machine)
        return node
    }
}

extension Machine {
    /// The node of the reference's that runs on it, if one does.
    package var reference: ReferenceNode? { resident as? ReferenceNode }
}
