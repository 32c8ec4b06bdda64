internal import DHTCore
internal import IPv8
internal import NIOCore

/// What the core knows of the overlay. May be called from other threads.
extension NodeLoop {
    /// What the core knows of the overlay; `nil` where the node stops.
    func overlay() async -> (snapshot: OverlaySnapshot, now: Instant, clockOffset: Duration)? {
        await ask { [self] in
            let overlay = (node.overlaySnapshot, now, clockOffset)
            return eventLoop.makeSucceededFuture(isStopping ? nil : overlay)
        }
    }

    /// Where a peer is that had itself remembered here.
    func registeredPeer(_ mid: Mid) async -> [NodeInfo] {
        await ask { [self] in eventLoop.makeSucceededFuture(node.registeredPeer(mid)) } ?? []
    }
}
