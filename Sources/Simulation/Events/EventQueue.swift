internal import HeapModule
internal import IPv8

/// What is to happen, in the order of time; at the same time, in the order in which it was put in.
///
/// The heap moves small entries about; what they stand for stays where it is until it is due.
struct EventQueue<Event> {
    private var heap = Heap<Entry>()
    private var events: [Event?] = []
    private var freeSlots: [Int32] = []
    private var count: UInt64 = 0

    private struct Entry: Comparable {
        let time: Int64
        let order: UInt64
        let slot: Int32

        static func < (left: Entry, right: Entry) -> Bool {
            left.time != right.time ? left.time < right.time : left.order < right.order
        }
    }

    /// When the next event is due.
    var nextTime: Instant? { heap.min.map { Instant(nanoseconds: $0.time) } }

    mutating func insert(_ event: Event, at time: Instant) {
        let slot: Int32
        if let free = freeSlots.popLast() {
            slot = free
            events[Int(free)] = event
        } else {
            slot = Int32(events.count)
            events.append(event)
        }
        count += 1
        heap.insert(Entry(time: time.nanoseconds, order: count, slot: slot))
    }

    /// Takes out the next event, if it is due by then.
    mutating func popFirst(by end: Instant) -> (event: Event, time: Instant)? {
        guard let first = heap.min, first.time <= end.nanoseconds else { return nil }
        heap.removeMin()
        guard let event = events[Int(first.slot)] else { preconditionFailure("an event was taken out twice") }
        events[Int(first.slot)] = nil
        freeSlots.append(first.slot)
        return (event, Instant(nanoseconds: first.time))
    }
}
