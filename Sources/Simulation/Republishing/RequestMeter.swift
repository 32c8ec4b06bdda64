package import IPv8

/// Measures the requests of one machine: how many in a second, and how many to each other machine in five.
package final class RequestMeter: Observer {
    /// Finds and stores that it has sent.
    package private(set) var requestCount = 0
    package private(set) var storeCount = 0
    /// The most finds and stores that it sent within a second.
    package private(set) var perSecondMax = 0
    /// The most requests that reached one machine within five seconds, including pings, and the most stores.
    package private(set) var perPeerMax = 0
    package private(set) var storesPerPeerMax = 0
    /// When it first stored something.
    package private(set) var firstStoreAt: Instant?

    private let machine: Machine
    private var lastSecond = SlidingCount(span: .seconds(1))
    private var arrivals: [MachineIndex: SlidingCount] = [:]
    private var stores: [MachineIndex: SlidingCount] = [:]

    private static let idOffset = Packet.prefix.count
    private static let ping: UInt8 = 1
    private static let store: UInt8 = 3
    private static let find: UInt8 = 5

    /// Starts to watch a machine.
    package init(of machine: Machine) { self.machine = machine }

    /// Starts again.
    package func reset() {
        (requestCount, storeCount, perSecondMax, perPeerMax, storesPerPeerMax) = (0, 0, 0, 0, 0)
        firstStoreAt = nil
    }

    /// Starts the search for the busiest second again.
    package func resetPeak() {
        perSecondMax = 0
        lastSecond = SlidingCount(span: .seconds(1))
    }

    package func sent(
        _ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World
    ) {
        guard machine === self.machine, bytes.count > RequestMeter.idOffset else { return }
        let id = bytes[RequestMeter.idOffset]
        guard id == RequestMeter.store || id == RequestMeter.find else { return }
        requestCount += 1
        perSecondMax = max(perSecondMax, lastSecond.add(at: world.now))
        guard id == RequestMeter.store else { return }
        storeCount += 1
        firstStoreAt = firstStoreAt ?? world.now
    }

    package func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World) {
        guard source == self.machine.address, bytes.count > RequestMeter.idOffset else { return }
        let id = bytes[RequestMeter.idOffset]
        guard [RequestMeter.ping, RequestMeter.store, RequestMeter.find].contains(id) else { return }
        let fiveSeconds = SlidingCount(span: .seconds(5))
        perPeerMax = max(perPeerMax, arrivals[machine.index, default: fiveSeconds].add(at: world.now))
        guard id == RequestMeter.store else { return }
        storesPerPeerMax = max(storesPerPeerMax, stores[machine.index, default: fiveSeconds].add(at: world.now))
    }
}

/// How often something has happened within a span of time.
struct SlidingCount {
    private let span: Duration
    private var times: [Instant] = []
    private var start = 0

    init(span: Duration) { self.span = span }

    /// Counts one more. Returns the number within the span, including this one.
    mutating func add(at now: Instant) -> Int {
        while start < times.count, times[start] <= now - span { start += 1 }
        if start > 64, start * 2 > times.count {
            times.removeFirst(start)
            start = 0
        }
        times.append(now)
        return times.count - start
    }
}
