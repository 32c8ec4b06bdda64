package import IPv8
internal import Platform
internal import Synchronization

/// What went over the wire in one direction, of one kind of message.
package struct MessageTraffic: Sendable, Hashable {
    /// The kind; `nil` for all datagrams that are no message of this overlay.
    package var kind: MessageKind?
    package var direction: Direction
    package var datagrams = 0
    /// Bytes of the datagrams, without the headers of UDP and IP.
    package var bytes = 0
    /// When the first of them came or went, by the machine's clock; `nil` if there was none.
    package var first: Instant?
    package var last: Instant?

    package enum Direction: String, Sendable, CaseIterable {
        case received, sent
    }
}

/// Counts datagrams and bytes by kind of message and direction, at the sockets.
///
/// The core counts messages: those that it acts on, and those that it wants sent. Here everything counts that comes from
/// the system or that the system takes, also what the core drops. Any thread may count: a datagram costs two additions and
/// a look at a coarse clock, and no lock.
final class TrafficMeter: Sendable {
    private final class Row: Sendable {
        let datagrams = Atomic(0)
        let bytes = Atomic(0)
        let first = Atomic<Int64>(0)
        let last = Atomic<Int64>(0)

        func note(byteCount: Int) {
            datagrams.wrappingAdd(1, ordering: .relaxed)
            bytes.wrappingAdd(byteCount, ordering: .relaxed)
            let now = SystemClock.coarseNanosecondsSinceEpoch
            if first.load(ordering: .relaxed) == 0 {
                _ = first.compareExchange(expected: 0, desired: now, ordering: .relaxed)
            }
            last.store(now, ordering: .relaxed)
        }

        func report(_ kind: MessageKind?, _ direction: MessageTraffic.Direction) -> MessageTraffic {
            let (first, last) = (first.load(ordering: .relaxed), last.load(ordering: .relaxed))
            return MessageTraffic(
                kind: kind, direction: direction, datagrams: datagrams.load(ordering: .relaxed),
                bytes: bytes.load(ordering: .relaxed), first: first == 0 ? nil : Instant(nanoseconds: first),
                last: last == 0 ? nil : Instant(nanoseconds: last))
        }
    }

    private static let kinds: [MessageKind?] = MessageKind.allCases + [nil]

    private let received = TrafficMeter.kinds.map { _ in Row() }
    private let sent = TrafficMeter.kinds.map { _ in Row() }
    /// The row of each message id.
    private let rowOfID: [UInt8]

    init() {
        var rowOfID = [UInt8](repeating: UInt8(MessageKind.allCases.count), count: 256)
        for (row, kind) in MessageKind.allCases.enumerated() { rowOfID[Int(kind.rawValue)] = UInt8(row) }
        self.rowOfID = rowOfID
    }

    func noteReceived(_ datagram: [UInt8]) { received[row(of: datagram)].note(byteCount: datagram.count) }
    func noteSent(_ datagram: [UInt8]) { sent[row(of: datagram)].note(byteCount: datagram.count) }

    private func row(of datagram: [UInt8]) -> Int {
        let idOffset = Packet.prefix.count
        guard datagram.count > idOffset, datagram.starts(with: Packet.prefix) else { return MessageKind.allCases.count }
        return Int(rowOfID[Int(datagram[idOffset])])
    }

    /// All rows, those without any traffic too: by message id, other datagrams last; received before sent.
    var traffic: [MessageTraffic] {
        TrafficMeter.kinds.indices.flatMap { row in
            let kind = TrafficMeter.kinds[row]
            return [received[row].report(kind, .received), sent[row].report(kind, .sent)]
        }
    }
}
