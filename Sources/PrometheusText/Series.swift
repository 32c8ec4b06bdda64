internal import CoreMetrics
internal import Synchronization

/// What was recorded with one instrument. Any thread may record.
protocol Series: AnyObject, Sendable {
    var value: MetricValue { get }
}

final class CountSeries: Series, CounterHandler {
    private let count = Atomic<Int64>(0)

    var value: MetricValue { .count(Int(clamping: count.load(ordering: .relaxed))) }

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }
}

final class NumberSeries: Series, FloatingPointCounterHandler, MeterHandler, RecorderHandler {
    private let number = AtomicNumber()

    var value: MetricValue { .number(number.value) }

    func increment(by amount: Double) { number.add(amount) }
    func decrement(by amount: Double) { number.add(-amount) }
    func set(_ value: Int64) { number.set(Double(value)) }
    func set(_ value: Double) { number.set(value) }
    func record(_ value: Int64) { number.set(Double(value)) }
    func record(_ value: Double) { number.set(value) }
    func reset() { number.set(0) }
}

final class HistogramSeries: Series, RecorderHandler, TimerHandler {
    private final class Count: Sendable {
        let value = Atomic(0)
    }

    private let bounds: [Double]
    private let counts: [Count]
    private let sum = AtomicNumber()

    init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = (0...bounds.count).map { _ in Count() }
    }

    var value: MetricValue {
        .histogram(counts: counts.map { $0.value.load(ordering: .relaxed) }, sum: sum.value)
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count].value.wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}

/// A number that several threads add to.
private struct AtomicNumber: ~Copyable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }
}
