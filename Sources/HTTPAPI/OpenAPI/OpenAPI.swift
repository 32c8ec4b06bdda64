internal import Bristlecone
package import Console
internal import HTTPTypes

/// The OpenAPI 3.1 description of the operations, made from their types.
package enum OpenAPI {
    /// The whole document.
    package static func document() throws -> JSON {
        var paths: [String: JSON] = [:]
        for operation in Operations.all {
            let facts = operation.facts
            var item: [String: JSON] = [:]
            if case .object(let known)? = paths[facts.path] { item = known }
            item[facts.method.rawValue.lowercased()] = try description(of: operation)
            paths[facts.path] = .object(item)
        }
        paths[ChangeStream.path] = ["get": ChangeStream.description]
        paths[ExportStream.path] = ["get": ExportStream.description]
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Bristlecone", "version": .string(Release.version),
                "description": "The API of a node of the IPv8 DHT that stores its values on disk.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "paths": .object(paths),
            "components": [
                "securitySchemes": [
                    "key": ["type": "apiKey", "in": "header", "name": "X-Api-Key"],
                    "bearer": ["type": "http", "scheme": "bearer"],
                ],
                "schemas": ["Problem": problem],
            ],
        ]
    }

    private static func description(of operation: any AnyOperation) throws -> JSON {
        let facts = operation.facts
        let schemas = try operation.schemas
        var description: [String: JSON] = [
            "operationId": .string(facts.name), "summary": .string(facts.summary),
            "parameters": .array(parameters(schemas.parameters, path: facts.path)),
            "responses": [
                "200": [
                    "description": "Done.",
                    "content": ["application/json": ["schema": schemas.answer.json(isAnswer: true)]],
                ],
                "default": [
                    "description": "It could not be done; `code` says why, and `detail` what to do.",
                    "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
                ],
            ],
        ]
        if facts.streamsBody {
            description["requestBody"] = [
                "required": true,
                "content": ["application/octet-stream": ["schema": ["type": "string", "format": "binary"]]],
            ]
        } else if !schemas.isBodyless {
            description["requestBody"] = [
                "required": true, "content": ["application/json": ["schema": schemas.body.json(isAnswer: false)]],
            ]
        }
        if facts.access == .write {
            description["security"] = [["key": []], ["bearer": []]]
        } else {
            description["security"] = [.object([:]), ["key": []], ["bearer": []]]
        }
        return .object(description)
    }

    private static func parameters(_ schema: Schema, path: String) -> [JSON] {
        guard case .object(let members) = schema else { return [] }
        return members.map { member in
            let isInPath = path.contains("{\(member.name)}")
            var schema = member.schema
            if case .nullable(let inner) = schema { schema = inner }
            return [
                "name": .string(member.name), "in": isInPath ? "path" : "query",
                "required": .bool(isInPath || !member.isOptional), "schema": schema.json(isAnswer: false),
            ]
        }
    }

    private static let problem: JSON = [
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": [
            "type": ["type": "string"], "title": ["type": "string"], "status": ["type": "integer"],
            "detail": ["type": "string"], "code": ["type": "string"],
            "first_available": ["type": ["integer", "null"]],
        ],
    ]
}

extension Schema {
    /// The shape as JSON Schema.
    ///
    /// - Parameter isAnswer: in an answer every member is there, if only as null; a request may leave optional ones out.
    func json(isAnswer: Bool) -> JSON {
        switch self {
        case .string(let text):
            var schema: [String: JSON] = ["type": "string"]
            if let pattern = text.pattern { schema["pattern"] = .string(pattern) }
            if let format = text.format { schema["format"] = .string(format) }
            if let countMin = text.countMin { schema["minLength"] = .integer(countMin) }
            if let countMax = text.countMax { schema["maxLength"] = .integer(countMax) }
            if let description = text.description { schema["description"] = .string(description) }
            return .object(schema)
        case .oneOf(let schemas): return ["oneOf": .array(schemas.map { $0.json(isAnswer: isAnswer) })]
        case .null: return ["type": "null"]
        case .choice(let texts): return ["type": "string", "enum": .array(texts.map { .string($0) })]
        case .integer(let range):
            // An answer may go beyond what a request can ask for.
            guard let range = range ?? (isAnswer ? nil : Int.min...Int.max) else { return ["type": "integer"] }
            return ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        case .number: return ["type": "number"]
        case .boolean: return ["type": "boolean"]
        case .constant(let value): return ["const": .bool(value)]
        case .array(let items): return ["type": "array", "items": items.json(isAnswer: isAnswer)]
        case .dictionary(let values):
            return ["type": "object", "additionalProperties": values.json(isAnswer: isAnswer)]
        case .nullable(let inner): return ["anyOf": [inner.json(isAnswer: isAnswer), ["type": "null"]]]
        case .object(let members):
            let properties = members.map { ($0.name, $0.schema.json(isAnswer: isAnswer)) }
            let required = members.filter { isAnswer || !$0.isOptional }.map { JSON.string($0.name) }
            return [
                "type": "object", "properties": .object(Dictionary(properties) { $1 }), "required": .array(required),
            ]
        }
    }
}
