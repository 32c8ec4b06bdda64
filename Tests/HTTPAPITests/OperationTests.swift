import Bristlecone
import Console
import HTTPTypes
import IPv8
import Testing

@testable import HTTPAPI

/// Operations on a real node, over its control socket and over TCP.
@Suite struct OperationTests {
    private let key = Target(hashing: "greeting")

    @Test func storesAndFindsAndTellsAllAboutAKey() async throws {
        try await ServedNode.run { served async throws in
            let client = served.client
            let stored = try await client.call(Operations.store, OneKey(key), StoreRequest(data: [1, 2], signed: true))
            _ = try await client.call(Operations.store, OneKey(key), StoreRequest(data: [3], signed: true))
            _ = try await client.call(Operations.store, OneKey(key), StoreRequest(data: [4], signed: false))
            let found = try await client.call(Operations.lookUp, LookUpParameters(key, local: false), Nothing())
            #expect(found.values.map(\.data) == [[3], [4]])
            let report = try await client.call(Operations.key, KeyParameters(key), Nothing())
            #expect(report.values.map(\.data) == [[3], [4]])
            #expect(report.history.map(\.data) == [[1, 2]])
            #expect(report.history.first?.version == stored.version)
            #expect(report.values.allSatisfy { $0.publishedHere == true && $0.state == "served" })
            #expect(!report.isPinned && !report.isBlocked)
            let text = try await served.ask(.get, "/api/v1/values/greeting").body
            for data in ["03", "04", "0102"] { #expect(text.contains(#""data":"\#(data)""#), "\(text)") }
            #expect(!text.contains(#""entry":["#))
        }
    }

    @Test func listsInPartsThatMakeTheWhole() async throws {
        try await ServedNode.run { served async throws in
            let client = served.client
            for number in 0..<25 {
                let key = Target(hashing: "\(number % 10)")
                _ = try await client.call(
                    Operations.store, OneKey(key), StoreRequest(data: [UInt8(number)], signed: false))
            }
            var found: [[UInt8]?] = []
            var cursor: Cursor?
            var parts = 0
            repeat {
                let page = try await client.call(
                    Operations.values, ValuesParameters(cursor: cursor, limit: 4), Nothing())
                #expect(page.items.count <= 4)
                found += page.items.map(\.data)
                cursor = page.next.flatMap { Cursor($0) }
                parts += 1
            } while cursor != nil && parts < 100
            #expect(Set(found) == Set((0..<25).map { [UInt8($0)] }))
            #expect(found.count == 25)
        }
    }

    @Test func pinsTenThousandKeysInOneRequest() async throws {
        try await ServedNode.run { served async throws in
            let subjects = (0..<10_000).map { KeepSubject.key(Target(hashing: "\($0)")) }
            let client = served.client
            let added = try await client.call(Operations.changePins, Nothing(), PinChange(add: subjects))
            #expect(added == PinChangeReport(added: 10_000, removed: 0, unchanged: 0))
            let again = try await client.call(
                Operations.changePins, Nothing(), PinChange(add: [subjects[0]], remove: [subjects[1], subjects[1]]))
            #expect(again == PinChangeReport(added: 0, removed: 1, unchanged: 2))
        }
    }

    @Test func blocksAreListed() async throws {
        try await ServedNode.run { served async throws in
            let client = served.client
            _ = try await client.call(Operations.forget, Nothing(), ForgetRequest(.key(key), block: true))
            #expect(try await client.call(Operations.blocks, PageParameters(), Nothing()).items == [.key(key)])
            await #expect(throws: NodeError.self) {
                try await client.call(Operations.store, OneKey(key), StoreRequest(data: [1], signed: true))
            }
            _ = try await client.call(Operations.unblock, Nothing(), ForgetRequest(.key(key)))
            #expect(try await client.call(Operations.blocks, PageParameters(), Nothing()).items.isEmpty)
        }
    }

    @Test func tasksRunWhenAskedTo() async throws {
        try await ServedNode.run { served async throws in
            let client = served.client
            for task in try await client.call(Operations.tasks, Nothing(), Nothing()) where task.name != "journal_trim"
            {
                _ = try await client.call(Operations.runTask, TaskParameters(task.name), Nothing())
            }
            await #expect { try await client.call(Operations.runTask, TaskParameters("nothing"), Nothing()) } throws: {
                ($0 as? NodeError)?.code == .notFound
            }
        }
    }

    @Test(arguments: [
        ("GET", "/api/v1/values?limit=0", "", 400), ("GET", "/api/v1/values?limit=x", "", 400),
        ("GET", "/api/v1/values?cursor=xyz", "", 400), ("GET", "/api/v1/values?nothing=1", "", 400),
        ("GET", "/api/v1/values/k?as_of=yesterday", "", 400), ("GET", "/api/v1/density?prefix=2", "", 400),
        ("GET", "/api/v1/nothing", "", 404),
        ("GET", "/page/nothing", "", 404), ("PUT", "/api/v1/plan", "", 405), ("POST", "/api/v1/values/k", "", 400),
        ("POST", "/api/v1/values/k", "{", 400), ("POST", "/api/v1/values/k", "[]", 400),
        ("POST", "/api/v1/values/k", #"{"data":"0"}"#, 400), ("POST", "/api/v1/values/k", #"{"data":1}"#, 400),
        ("POST", "/api/v1/values/k", #"{"data":"00","text":"x"}"#, 400),
        ("POST", "/api/v1/ping", #"{"address":"nowhere"}"#, 400), ("POST", "/api/v1/forget", "{}", 400),
        ("POST", "/api/v1/backups", #"{"folder":"relative"}"#, 400), ("POST", "/api/v1/tasks/x/run", "", 404),
    ])
    func refusesNonsenseInOneSentence(method: String, path: String, body: String, status: Int) async throws {
        try await ServedNode.run { served async throws in
            let method = try #require(HTTPRequest.Method(method))
            let answer = try await served.ask(method, path, [.apiKey: served.key], body: body)
            #expect(answer.status == status, "\(answer.body)")
            let problem = try JSONText.decode(Problem.self, from: answer.body.utf8)
            #expect(problem.status == status)
            #expect(answer.headers[.contentType] == "application/problem+json")
            #expect(problem.detail.hasSuffix("."), "\(problem.detail)")
        }
    }

    @Test(arguments: ["a&local=true", "a+b", "a=b", "a%26b", "a;b"])
    func aKeyInAPathStaysAKey(text: String) async throws {
        try await ServedNode.run { served async throws in
            let answer = try await served.ask(.get, "/api/v1/network/values/\(text)")
            let key = Target(hashing: text.replacing("%26", with: "&"))
            #expect(answer.body.contains(#""key":"\#(key)""#), "\(answer.body)")
            let twice = try await served.ask(.get, "/api/v1/network/values/\(text)?key=other")
            #expect(twice.status == 400)
        }
    }

    @Test func refusesABodyThatIsTooLong() async throws {
        try await ServedNode.run { served async throws in
            let body = String(repeating: " ", count: ServerLimits.bodyBytesMax + 1)
            #expect(try await served.ask(.post, "/api/v1/pins", [.apiKey: served.key], body: body).status == 413)
            #expect(try await served.ask(.get, "/api/v1/plan").status == 200)
        }
    }

    @Test func reportsProgressAsLinesWithTheResultLast() async throws {
        try await ServedNode.run { served async throws in
            let folder = served.folder.file("backup")
            let headers: HTTPFields = [.apiKey: served.key, .accept: "application/jsonl"]
            let answer = try await served.ask(.post, "/api/v1/backups", headers, body: #"{"folder":"\#(folder)"}"#)
            #expect(answer.headers[.contentType] == "application/jsonl")
            let last = try #require(answer.body.split(separator: "\n").last)
            #expect(last.hasPrefix(#"{"result":{"#), "\(answer.body)")
            let again = try await served.ask(.post, "/api/v1/backups", headers, body: #"{"folder":"\#(folder)"}"#)
            #expect(again.body.hasPrefix(#"{"problem":{"code":"invalid_argument""#), "\(again.body)")
        }
    }

    @Test func saysWhatIsNotAllowedByMethod() async throws {
        try await ServedNode.run { served async throws in
            let answer = try await served.ask(.delete, "/api/v1/pins")
            #expect(answer.status == 405)
            #expect(answer.headers[.allow] == "GET, POST, HEAD")
            let head = try await served.ask(.head, "/api/v1/pins")
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }
}
