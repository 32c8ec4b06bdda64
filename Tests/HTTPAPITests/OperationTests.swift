import Bristlecone
import Console
import HTTPTypes
import IPv8
import TestSupport
import Testing

@testable import HTTPAPI

extension NodeStatus.Storage {
    fileprivate var hasIndexBehind: Bool { indexLast < journalLast }
}

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
            #expect(report.history.first?.version == stored.version && report.history.first?.state == "replaced")
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
            let added = try await client.call(Operations.changePins, Nothing(), SubjectChange(add: subjects))
            #expect(added == SubjectChangeReport(added: 10_000, removed: 0, unchanged: 0))
            let again = try await client.call(
                Operations.changePins, Nothing(), SubjectChange(add: [subjects[0]], remove: [subjects[1], subjects[1]]))
            #expect(again == SubjectChangeReport(added: 0, removed: 1, unchanged: 2))
        }
    }

    @Test func pinsAreListedInPartsAndTheKeysOfASignerToo() async throws {
        try await ServedNode.run { served async throws in
            let client = served.client
            let signer = await served.node.status().mid
            let keys = (0..<25).map { Target(hashing: "\($0)") }.sorted()
            for key in keys.prefix(5) {
                _ = try await client.call(Operations.store, OneKey(key), StoreRequest(data: [1], signed: true))
            }
            let subjects = keys.map { KeepSubject.key($0) } + [.signer(signer)]
            _ = try await client.call(Operations.changePins, Nothing(), SubjectChange(add: subjects))
            func all(of signer: Mid?) async throws -> [PinReport] {
                var (pins, cursor, parts) = ([PinReport](), Cursor?.none, 0)
                repeat {
                    let page = try await client.call(
                        Operations.pins, PinsParameters(cursor: cursor, limit: 4, signer: signer), Nothing())
                    #expect(page.items.count <= 4)
                    pins += page.items
                    cursor = page.next.flatMap { Cursor($0) }
                    parts += 1
                } while cursor != nil && parts < 100
                return pins
            }
            let pins = try await all(of: nil)
            #expect(pins.map(\.key) == keys + [nil])
            #expect(pins.last?.signer == signer)
            #expect(pins.allSatisfy { ($0.replicas?.key) == $0.key })
            while await served.node.status().archive.hasIndexBehind { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await all(of: signer).map(\.key) == Array(keys.prefix(5)))
        }
    }

    @Test func storesBlocksAndForgetsManyInOneRequest() async throws {
        try await ServedNode.run { served async throws in
            let client = served.client
            let keys = (0..<300).map { Target(hashing: "\($0)") }
            let values = keys.map { KeyedValue($0, StoreRequest(data: [1, 2], signed: $0 != keys[0])) }
            let stored = try await client.call(Operations.storeMany, Nothing(), StoreManyRequest(values))
            #expect(stored.stored == 300 && stored.refused == 0 && stored.publishing == 300)
            let report = try await client.call(Operations.key, KeyParameters(keys[7]), Nothing())
            #expect(report.values.map(\.publishedHere) == [true])
            let subjects = keys.prefix(200).map { KeepSubject.key($0) }
            let forgotten = try await client.call(Operations.forget, Nothing(), ForgetRequest(subjects, block: true))
            #expect(forgotten.erasedRecords >= 200)
            let blocks = try await client.call(Operations.blocks, PageParameters(limit: 1000), Nothing())
            #expect(Set(blocks.items) == Set(subjects))
            for (key, count) in [(keys[7], 0), (keys[250], 1)] {
                let report = try await client.call(Operations.key, KeyParameters(key), Nothing())
                #expect(report.values.count == count)
            }
            let change = SubjectChange(add: [.key(keys[250])], remove: Array(subjects.prefix(2)) + [.key(keys[251])])
            let changed = try await client.call(Operations.changeBlocks, Nothing(), change)
            #expect(changed == SubjectChangeReport(added: 1, removed: 2, unchanged: 1))
        }
    }

    @Test func bansAreListedAndLifted() async throws {
        try await ServedNode.run { served async throws in
            let client = served.client
            let (one, two) = (try #require(IPNetwork("192.0.2.0/24")), try #require(IPNetwork("2001:db8::1")))
            let end = served.node.now + .seconds(3600)
            let add = BansChange(add: [BanRequest(one, until: end), BanRequest(two, until: nil)])
            let added = try await client.call(Operations.changeBans, Nothing(), add)
            #expect(added == SubjectChangeReport(added: 2, removed: 0, unchanged: 0))
            let bans = try await client.call(Operations.bans, Nothing(), Nothing())
            #expect(bans.map(\.network) == [one, two] && bans[0].until != nil && bans[1].until == nil)
            let change = BansChange(add: [BanRequest(two, until: nil)], remove: [one, IPNetwork(.v4(1))])
            let changed = try await client.call(Operations.changeBans, Nothing(), change)
            #expect(changed == SubjectChangeReport(added: 0, removed: 1, unchanged: 2))
            for bad in [
                BanRequest(one, until: served.node.now - .seconds(1)),
                BanRequest(try #require(IPNetwork("::/0")), until: nil),
            ] {
                await #expect(throws: NodeError.self) {
                    try await client.call(Operations.changeBans, Nothing(), BansChange(add: [bad]))
                }
            }
            #expect(try await client.call(Operations.bans, Nothing(), Nothing()).map(\.network) == [two])
        }
    }

    @Test func storesNothingOfARequestWithABadValue() async throws {
        try await ServedNode.run { served async throws in
            let bad = [
                StoreRequest(data: [UInt8](repeating: 0, count: 170), signed: false),
                StoreRequest(data: [UInt8](repeating: 0, count: 54), signed: true),
            ]
            for value in bad {
                let values = [KeyedValue(key, StoreRequest(data: [1], signed: false)), KeyedValue(key, value)]
                let error = try await #require(throws: NodeError.self) {
                    try await served.client.call(Operations.storeMany, Nothing(), StoreManyRequest(values))
                }
                #expect(error.message.hasPrefix("Value 1 of the request: The value has"))
                #expect(error.message.hasSuffix("Nothing was stored."))
            }
            let many = [KeepSubject](repeating: .key(key), count: 10_001)
            await #expect(throws: NodeError.self) {
                try await served.client.call(Operations.changePins, Nothing(), SubjectChange(add: many))
            }
            let report = try await served.client.call(Operations.key, KeyParameters(key), Nothing())
            #expect(report.values.isEmpty && !report.isPinned)
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
        ("POST", "/api/v1/backups", #"{"folder":"relative"}"#, 400),
        ("POST", "/api/v1/backups", #"{"folder":"/a\u0000b"}"#, 400), ("POST", "/api/v1/tasks/x/run", "", 404),
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

    @Test(arguments: [
        ("values?limit=many", #"limit is \"many\"; give a "#),
        ("values?limit=1001", #"limit is \"1001\"; give a number from 1 to"#),
        ("network/values/k?local=maybe", #"local is \"maybe\"; give true or false."#),
    ])
    func saysWhichParameterIsWrong(query: String, sentence: String) async throws {
        try await ServedNode.run { served async throws in
            let answer = try await served.ask(.get, "/api/v1/\(query)")
            #expect(answer.status == 400 && answer.body.contains(sentence), "\(answer.body)")
        }
    }

    /// Different bytes that are no text would all be read as the same text.
    @Test(arguments: ["%ff", "%fe", "a%c3", "a%zz", "a%", "a%4"])
    func refusesKeysThatAreNoText(key: String) async throws {
        try await ServedNode.run { served async throws in
            let answer = try await served.ask(
                .post, "/api/v1/values/\(key)", [.apiKey: served.key], body: #"{"text":"hello"}"#)
            #expect(answer.status == 400 && answer.body.contains("is no text"), "\(answer.body)")
            #expect(try await served.ask(.get, "/api/v1/events?before=\(key)").body.contains("is no text"))
        }
    }

    @Test func saysWhatFormATextShouldHave() async throws {
        try await ServedNode.run { served async throws in
            let answer = try await served.ask(
                .post, "/api/v1/bans", [.apiKey: served.key], body: #"{"add": [], "remove": ["nowhere"]}"#)
            let problem = try JSONText.decode(Problem.self, from: answer.body.utf8)
            #expect(
                problem.detail == "The body of the request is wrong: remove of item 0: it is not an IP address or a "
                    + "network, such as 192.0.2.0/24 or 2001:db8::/32.")
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
            let answer = try await served.ask(.post, "/api/v1/pins", [.apiKey: served.key], body: body)
            #expect(answer.status == 413)
            #expect(try JSONText.decode(Problem.self, from: answer.body.utf8).code == "too_large")
            #expect(try await served.ask(.get, "/metrics").body.contains(#"refusals_total{reason="too_large"} 1"#))
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

    @Test func checksTheArchiveAndStartsTheScrub() async throws {
        try await ServedNode.run { served async throws in
            for number in 0..<20 {
                _ = try await served.client.call(
                    Operations.store, OneKey(Target(hashing: "\(number)")), StoreRequest(data: [1], signed: number < 5))
            }
            let report = try await served.client.call(Operations.verify, Nothing(), Nothing())
            #expect(report.sound && report.records >= 40 && report.signatures >= 5 && report.pages > 2)
            #expect(report.findings.isEmpty && report.findingCount == 0)
            let headers: HTTPFields = [.apiKey: served.key, .accept: "application/jsonl"]
            let lines = try await served.ask(.post, "/api/v1/verify", headers).body.split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix(#"{"progress":{"done":"#) }, "\(lines)")
            #expect(lines.last?.hasPrefix(#"{"result":{"#) == true)
            #expect(try await served.ask(.post, "/api/v1/verify").status == 401)

            #expect(try await served.client.call(Operations.scrub, Nothing(), Nothing()).recordsPerSecond == 17)
            _ = try await served.client.call(Operations.runScrub, Nothing(), Nothing())
            let off = SettingsRequest(["archive.scrub_rate": .number(0)])
            _ = try await served.client.call(Operations.changeSettings, Nothing(), off)
            await #expect(throws: NodeError.self) {
                try await served.client.call(Operations.runScrub, Nothing(), Nothing())
            }
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
