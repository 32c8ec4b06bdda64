internal import HeapModule
internal import IPv8

/// Events in the order of time, and at the same time in the order of ranks.
///
/// The heap moves small entries; the events themselves stay in place until they are due.
struct EventQueue<Event> {
    private var heap = Heap<Entry>()
    private var events: [Event?] = []
    private var freeSlots: [Int32] = []
    private var count: UInt64 = 0

    private struct Entry: Comparable {
        let time: Int64
        let rank: UInt64
        let slot: Int32

        static func < (left: Entry, right: Entry) -> Bool {
            left.time != right.time ? left.time < right.time : left.rank < right.rank
        }
    }

    /// When the next event is due.
    var nextTime: Instant? { heap.min.map { Instant(nanoseconds: $0.time) } }

    /// Adds an event after all that were added like this for the same time.
    mutating func insert(_ event: Event, at time: Instant) {
        count += 1
        insert(event, at: time, rank: count)
    }

    /// Adds an event with a rank among those of the same time. No two ranks are equal.
    mutating func insert(_ event: Event, at time: Instant, rank: UInt64) {
        let slot: Int32
        if let free = freeSlots.popLast() {
            slot = free
            events[Int(free)] = event
        } else {
            slot = Int32(events.count)
            events.append(event)
        }
        heap.insert(Entry(time: time.nanoseconds, rank: rank, slot: slot))
    }

    /// Removes and returns the next event, if it is due by then.
    mutating func popFirst(by end: Instant) -> (event: Event, time: Instant)? {
        guard let first = heap.min, first.time <= end.nanoseconds else { return nil }
        heap.removeMin()
        guard let event = events[Int(first.slot)].take() else { preconditionFailure("an event was taken out twice") }
        freeSlots.append(first.slot)
        return (event, Instant(nanoseconds: first.time))
    }
}
