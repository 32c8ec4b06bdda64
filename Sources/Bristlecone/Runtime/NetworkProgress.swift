internal import DHTCore

/// How far something has come that has other nodes asked.
package enum NetworkProgress: Hashable, Sendable {
    /// So many nodes were asked for a key, and so many have answered.
    case lookingUp(asked: Int, answered: Int)
    /// So many nodes were asked to store a value, and so many have acknowledged it.
    case storing(asked: Int, acknowledged: Int)

    init(_ progress: CommandProgress) {
        switch progress {
        case .lookingUp(let asked, let answered): self = .lookingUp(asked: asked, answered: answered)
        case .storing(let asked, let acknowledged): self = .storing(asked: asked, acknowledged: acknowledged)
        }
    }
}

/// Hears how far a command has come; called on the event loop, so it must not block.
package typealias CommandWatcher = @Sendable (NetworkProgress) -> Void
