import Bristlecone
import Console
import HTTPTypes
import IPv8
import Testing

@testable import HTTPAPI

/// What monitoring asks for.
@Suite struct ObservingTests {
    @Test func metricsAreInTheFormatThatIsAskedFor() async throws {
        try await ServedNode.run { served async throws in
            _ = try await served.ask(.get, "/nothing")
            let plain = try await served.ask(.get, "/metrics")
            #expect(plain.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(plain.body.contains("\nbristlecone_http_requests_total{code=\"404\"} 1\n"))
            #expect(plain.body.contains("\nbristlecone_http_connections{listener=\"tcp\"} "))
            #expect(!plain.body.contains("# EOF"))
            let open = try await served.ask(.get, "/metrics", [.accept: "application/openmetrics-text;version=1.0.0"])
            #expect(open.headers[.contentType]?.hasPrefix("application/openmetrics-text") == true)
            #expect(open.body.hasSuffix("# EOF\n"))
        }
    }

    @Test func aNodeThatKnowsNobodyIsLiveAndNotReady() async throws {
        try await ServedNode.run { served async throws in
            #expect(try await served.ask(.get, "/health/live").status == 200)
            let ready = try await served.ask(.get, "/health/ready")
            #expect(ready.status == 503)
            let health = try JSONText.decode(NodeHealth.self, from: ready.body.utf8)
            #expect(health.reasons.map(\.code) == [.noContactsYet])
            #expect(try await served.client.call(Operations.health, Nothing(), Nothing()) == health)
        }
    }

    @Test func theStartIsAmongTheEvents() async throws {
        try await ServedNode.run { served async throws in
            let events = try await served.client.call(Operations.events, EventsParameters(limit: 10), Nothing())
            #expect(events.map(\.kind).contains("started"))
            let number = try #require(events.last?.number)
            let earlier = try await served.client.call(
                Operations.events, EventsParameters(before: number), Nothing())
            #expect(earlier.isEmpty)
            _ = try await served.client.call(Operations.history, HistoryParameters(resolution: .minute), Nothing())
        }
    }
}
