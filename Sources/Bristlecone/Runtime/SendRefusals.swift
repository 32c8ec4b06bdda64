internal import Glibc
internal import IPv8
internal import Logging
internal import Maintenance
internal import Synchronization
internal import SystemPackage

/// Datagrams that the system refused to send, counted by cause.
///
/// Peers say where the node sends to, so a refusal is no error of the node. But a firewall that refuses everything, or a
/// network that is down, must not go unnoticed.
final class SendRefusals: Sendable {
    /// Why the system refused a datagram.
    enum Cause: String, CaseIterable {
        /// `EPERM`: a firewall or another filter of this machine.
        case filtered
        /// `ENETUNREACH`, `EHOSTUNREACH`, `ENETDOWN`, `EADDRNOTAVAIL`: no way there, or our own address is gone.
        case unreachable
        /// `EAGAIN`, `ENOBUFS`, `ENOMEM`: the system had no room for it.
        case noRoom = "no_room"
        /// Everything else, such as `EACCES` for a broadcast address.
        case other

        init(errno code: CInt) {
            switch code {
            case EPERM: self = .filtered
            case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EADDRNOTAVAIL: self = .unreachable
            case EAGAIN, ENOBUFS, ENOMEM: self = .noRoom
            default: self = .other
            }
        }
    }

    private struct State {
        var counts: [Cause: Int] = [:]
        var filtered = RareWarning()
        var unreachable = RareWarning()
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Counts a refusal, and warns of it if the operator can do something about it. Called from the threads that send.
    func note(_ code: CInt, sendingTo address: Address) {
        let cause = Cause(errno: code)
        let warning = state.withLock { state -> String? in
            state.counts[cause, default: 0] += 1
            let now = ClockReading.now().sinceBoot
            switch cause {
            case .filtered:
                return state.filtered.next(at: now).map {
                    "This machine's firewall refused a datagram to \(address)\($0). Let the node send UDP from its port, or"
                        + " peers will not hear it."
                }
            case .unreachable:
                return state.unreachable.next(at: now).map {
                    "The network refused a datagram to \(address): \(Errno(rawValue: code))\($0). Check this"
                        + " machine's network if the node loses its contacts."
                }
            case .noRoom, .other: return nil
            }
        }
        if let warning { logger.warning("\(warning)") }
    }

    /// How many datagrams were refused, by the counter's name.
    var counters: [String: Int] {
        state.withLock { state in
            Dictionary(uniqueKeysWithValues: state.counts.map { ("send_refused.\($0.key.rawValue)", $0.value) })
        }
    }
}
