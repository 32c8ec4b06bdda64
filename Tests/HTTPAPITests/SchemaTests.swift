import Bristlecone
import Console
import IPv8
import Testing

@testable import HTTPAPI

/// Shapes of types, read from their coding.
@Suite struct SchemaTests {
    private struct Inner: Codable {
        var key: Target
        var note: String?
    }

    private struct Outer: Codable {
        var innerValues: [Inner]
        var counts: [String: Int]
        var isGood: Bool
        var share: Double
    }

    @Test func readsMembersWithTheirTypes() throws {
        let inner = Schema.object([
            Schema.Member(name: "key", schema: Target.schema, isOptional: false),
            Schema.Member(
                name: "note", schema: .nullable(.anyText), isOptional: true),
        ])
        #expect(
            try Schema.of(Outer.self)
                == .object([
                    Schema.Member(name: "inner_values", schema: .array(inner), isOptional: false),
                    Schema.Member(name: "counts", schema: .dictionary(.integer(nil)), isOptional: false),
                    Schema.Member(name: "is_good", schema: .boolean, isOptional: false),
                    Schema.Member(name: "share", schema: .number, isOptional: false),
                ]))
    }

    @Test func everyOperationHasASchema() throws {
        for operation in Operations.all { _ = try operation.schemas }
        let document = try OpenAPI.document()
        guard case .object(let members) = document, case .object(let paths)? = members["paths"] else {
            Issue.record("no paths")
            return
        }
        #expect(Set(paths.keys) == Set(Operations.all.map(\.facts.path) + [ChangeStream.path, ExportStream.path]))
    }

    @Test(arguments: ["data", "entry", "held", "held_data", "offered", "offered_data", "public_key"])
    func bytesAreNeverLists(name: String) throws {
        let text = try OpenAPI.document().text
        #expect(text.contains(#""\#(name)":{"#))
        #expect(!text.contains(#""\#(name)":{"anyOf":[{"items""#) && !text.contains(#""\#(name)":{"items""#))
    }

    @Test func namesAndPlacesOfOperationsAreUnique() {
        let facts = Operations.all.map(\.facts)
        #expect(Set(facts.map(\.name)).count == facts.count)
        #expect(Set(facts.map { "\($0.method) \($0.path)" }).count == facts.count)
    }
}
