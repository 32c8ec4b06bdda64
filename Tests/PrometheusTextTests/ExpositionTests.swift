import PrometheusText
import Testing

@Suite struct ExpositionTests {
    private let families = [
        MetricFamily(
            MetricDescription("box_received_bytes", .counter, "Bytes of a \"box\"\nwith C:\\."),
            [
                MetricSample(.count(3), MetricSample.Label("kind", "a\"b\\c\nd")),
                MetricSample(.number(0.5), MetricSample.Label("kind", "x"), MetricSample.Label("way", "in")),
            ]),
        MetricFamily(MetricDescription("box_build", .info, "The build."), .count(1)),
        MetricFamily(
            MetricDescription("box_wait_seconds", .histogram, "Waits.", bounds: [0.5, 1]),
            .histogram(counts: [2, 0, 1], sum: 7.25)),
        MetricFamily(MetricDescription("box_age", .gauge, "Ages."), .number(.nan)),
        MetricFamily(MetricDescription("box_empty", .gauge, "Nothing.")),
    ]

    @Test func textFormatHasSuffixesInTypesAndKnowsNoInformation() {
        #expect(
            ExpositionFormat.text.text(of: families) == #"""
                # HELP box_received_bytes_total Bytes of a "box"\nwith C:\\.
                # TYPE box_received_bytes_total counter
                box_received_bytes_total{kind="a\"b\\c\nd"} 3
                box_received_bytes_total{kind="x",way="in"} 0.5
                # HELP box_build_info The build.
                # TYPE box_build_info gauge
                box_build_info 1
                # HELP box_wait_seconds Waits.
                # TYPE box_wait_seconds histogram
                box_wait_seconds_bucket{le="0.5"} 2
                box_wait_seconds_bucket{le="1.0"} 2
                box_wait_seconds_bucket{le="+Inf"} 3
                box_wait_seconds_sum 7.25
                box_wait_seconds_count 3
                # HELP box_age Ages.
                # TYPE box_age gauge
                box_age NaN
                # HELP box_empty Nothing.
                # TYPE box_empty gauge

                """#)
    }

    @Test func openMetricsNamesFamiliesWithoutSuffixesAndEnds() {
        let text = ExpositionFormat.openMetrics.text(of: families)
        #expect(
            text.hasPrefix(
                #"""
                # HELP box_received_bytes Bytes of a \"box\"\nwith C:\\.
                # TYPE box_received_bytes counter
                # UNIT box_received_bytes bytes
                box_received_bytes_total{kind="a\"b\\c\nd"} 3

                """#))
        #expect(text.contains("# TYPE box_build info\nbox_build_info 1\n"))
        #expect(text.contains("# UNIT box_wait_seconds seconds\n"))
        #expect(text.hasSuffix("# TYPE box_empty gauge\n# EOF\n"))
    }

    @Test(
        arguments: [
            (nil, ExpositionFormat.text),
            ("", .text),
            ("*/*", .text),
            ("text/html, */*;q=0.1", .text),
            ("application/openmetrics-text", .openMetrics),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", .openMetrics),
            // Prometheus 2.42
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
            ),
            ("application/openmetrics-text;version=0.0.1, text/plain", .text),
            ("application/openmetrics-text;q=0.5, text/plain;q=0.9", .text),
            ("application/openmetrics-text;q=0, */*", .text),
            ("APPLICATION/OPENMETRICS-TEXT ; Q=0.9 , text/plain ; q=0.9", .openMetrics),
            (";,q=;;=,application/openmetrics-text;q=nonsense", .text),
        ] as [(String?, ExpositionFormat)])
    func formatFollowsTheHeader(_ accept: String?, _ format: ExpositionFormat) {
        #expect(ExpositionFormat(accept: accept) == format)
    }
}
