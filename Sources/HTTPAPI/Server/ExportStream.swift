internal import Bristlecone
internal import Console
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

/// The values under a prefix of keys, as lines of JSON that can be imported.
enum ExportStream {
    static let path = "/api/v1/export"

    static func add(to routes: Routes) {
        routes.add(.get, path) { api, request, _ in
            var prefix = ""
            for (name, value) in request.uri.queryParameters {
                guard name == "prefix" else {
                    throw NodeError(
                        .invalidArgument, "\(quoted(name)) is no parameter; there is prefix, the first digits of keys.")
                }
                prefix = String(value)
            }
            let export = try api.node.exportValues(prefix: prefix)
            let body = ResponseBody { writer in
                while let lines = try await export.next() { try await writer.write(ByteBuffer(bytes: lines)) }
                try await writer.finish(nil)
            }
            return Response(status: .ok, headers: [.contentType: "application/jsonl"], body: body)
        }
    }

    /// What the OpenAPI description says of it.
    static let description: JSON = [
        "operationId": "export",
        "summary":
            "Values, earlier versions and evidence under a prefix of keys, as the lines of JSON of bristlecone-dump export.",
        "parameters": [
            [
                "name": "prefix", "in": "query", "required": false,
                "description": "The hexadecimal digits that the keys begin with; all keys by default.",
                "schema": ["type": "string", "pattern": "^[0-9A-Fa-f]{0,40}$"],
            ]
        ],
        "responses": [
            "200": [
                "description":
                    "A header, the records, and a closing line. A response without its closing line was cut off.",
                "content": ["application/jsonl": ["schema": ["type": "string"]]],
            ],
            "default": [
                "description": "It could not be done; `code` says why, and `detail` what to do.",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ],
        ],
        "security": [.object([:]), ["key": []], ["bearer": []]],
    ]
}
