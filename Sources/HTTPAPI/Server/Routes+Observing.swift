internal import Bristlecone
internal import Console
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import PrometheusText

/// What monitoring asks for: metrics, and health as a status.
extension Routes {
    func addObserving() {
        add(.get, "/metrics") { api, request, _ in
            let format = ExpositionFormat(accept: request.headers[.accept])
            return .text(
                await api.node.exposition(format, adding: api.counters.now.families), type: format.contentType)
        }
        add(.get, "/health/live") { api, _, _ in
            let health = api.node.health
            return try health.response(isWell: health.isLive)
        }
        add(.get, "/health/ready") { api, _, _ in
            let health = api.node.health
            return try health.response(isWell: health.isReady)
        }
    }
}

extension NodeHealth {
    fileprivate func response(isWell: Bool) throws -> Response {
        var response = Response.json(try JSONText.bytes(self))
        if !isWell { response.status = .serviceUnavailable }
        return response
    }
}

extension HTTPCounters.Counts {
    /// The server's own metrics.
    var families: [MetricFamily] {
        var requests = MetricFamily(
            MetricDescription("bristlecone_http_requests", .counter, "HTTP requests that were answered, by status."))
        for (status, count) in answered.sorted(by: { $0.key < $1.key }) {
            requests.add(MetricSample(.count(count), MetricSample.Label("code", "\(status)")))
        }
        var refusals = MetricFamily(
            MetricDescription(
                "bristlecone_http_refusals", .counter, "HTTP requests and connections that were refused, by reason."))
        for reason in HTTPCounters.Refusal.allCases {
            refusals.add(MetricSample(.count(refused[reason] ?? 0), MetricSample.Label("reason", reason.rawValue)))
        }
        var connections = MetricFamily(
            MetricDescription("bristlecone_http_connections", .gauge, "Open connections to the HTTP API."))
        for kind in Entrance.Kind.allCases {
            connections.add(MetricSample(.count(open[kind] ?? 0), MetricSample.Label("listener", kind.rawValue)))
        }
        return [requests, refusals, connections]
    }
}
