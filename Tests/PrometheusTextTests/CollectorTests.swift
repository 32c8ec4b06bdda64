import CoreMetrics
import Testing

@testable import PrometheusText

@Suite struct CollectorTests {
    @Test func instrumentsOfOneNameAndLabelsAreOneSeries() {
        let collector = MetricsCollector([MetricDescription("box_opened", .counter, "Boxes.")])
        for _ in 0..<2 {
            Counter(label: "box_opened_total", dimensions: [("way", "in")], factory: collector).increment(by: 2)
        }
        Counter(label: "box_opened", dimensions: [("way", "out")], factory: collector).increment()
        #expect(
            collector.families == [
                MetricFamily(
                    MetricDescription("box_opened", .counter, "Boxes."),
                    [
                        MetricSample(.count(4), MetricSample.Label("way", "in")),
                        MetricSample(.count(1), MetricSample.Label("way", "out")),
                    ])
            ])
    }

    @Test func timersCountInSecondsByBounds() {
        let description = MetricDescription("box_wait_seconds", .histogram, "Waits.", bounds: [0.25, 1])
        let collector = MetricsCollector([description])
        let timer = Timer(label: "box_wait_seconds", factory: collector)
        for milliseconds in [250, 251, 1000, 2000] { timer.recordMilliseconds(milliseconds) }
        #expect(collector.families == [MetricFamily(description, .histogram(counts: [1, 2, 1], sum: 3.501))])
    }

    @Test func gaugesKeepTheLastValue() {
        let collector = MetricsCollector()
        let gauge = Gauge(label: "box_age", factory: collector)
        gauge.record(5)
        gauge.record(2.5)
        let meter = Meter(label: "box_level", factory: collector)
        meter.set(3)
        meter.decrement()
        #expect(collector.families.map(\.samples) == [[MetricSample(.number(2.5))], [MetricSample(.number(2))]])
    }

    @Test func aNameOfAnotherKindIsNotRecorded() {
        let collector = MetricsCollector([MetricDescription("box_age", .gauge, "Ages.")])
        Counter(label: "box_age", factory: collector).increment()
        #expect(collector.families.isEmpty)
    }

    @Test func labelsWithoutBoundDoNotFillTheMemory() {
        let collector = MetricsCollector()
        for number in 0..<(MetricsCollector.seriesMax + 10) {
            Counter(label: "box_opened", dimensions: [("number", "\(number)")], factory: collector).increment()
        }
        #expect(collector.families.first?.samples.count == MetricsCollector.seriesMax)
    }

    @Test func severalThreadsRecordAtOnce() async {
        let collector = MetricsCollector()
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let recorder = Recorder(label: "box_size", factory: collector)
                    for _ in 0..<1000 { recorder.record(1) }
                }
            }
        }
        guard case .histogram(let counts, let sum)? = collector.families.first?.samples.first?.value else {
            Issue.record("no histogram")
            return
        }
        #expect(counts.reduce(0, +) == 8000 && sum == 8000)
    }
}
