internal import Synchronization

/// Tells the event loop that whoever waits for a command has been cancelled before the loop has heard of it.
final class CancellationFlag: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .acquiring) }

    func set() { flag.store(true, ordering: .releasing) }
}
