import Bristlecone
import Console
import HTTPTypes
import IPv8
import TestSupport
import Testing

@testable import HTTPAPI

/// The files of the status page, and what the page asks for first.
@Suite struct StatusPageTests {
    @Test func theFilesComeWithTheirTypesAndAStrictPolicy() async throws {
        try await ServedNode.run { served async throws in
            let types = ["": "text/html", "page/style.css": "text/css", "page/main.js": "text/javascript"]
            for (path, type) in types {
                let answer = try await served.ask(.get, "/\(path)")
                #expect(answer.status == 200)
                #expect(answer.headers[.contentType] == "\(type); charset=utf-8")
                #expect(answer.headers[.xContentTypeOptions] == "nosniff")
                let policy = try #require(answer.headers[.contentSecurityPolicy])
                #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
                #expect(!policy.contains("unsafe"))
                #expect(answer.headers[try #require(HTTPField.Name("Referrer-Policy"))] == "no-referrer")
            }
            let icon = try await served.ask(.get, "/page/icon.svg")
            #expect(icon.headers[.contentType] == "image/svg+xml")
        }
    }

    @Test func aFileThatTheBrowserHasIsNotSentAgain() async throws {
        try await ServedNode.run { served async throws in
            let tag = try #require(try await served.ask(.get, "/").headers[.eTag])
            let again = try await served.ask(.get, "/", [.ifNoneMatch: tag])
            #expect(again.status == 304 && again.body.isEmpty)
            #expect(again.headers[.eTag] == tag)
            #expect(try await served.ask(.get, "/", [.ifNoneMatch: "\"other\""]).status == 200)
        }
    }

    @Test func thePageIsOpenWhenReadingNeedsTheKey() async throws {
        try await ServedNode.run {
            $0.http.readsNeedKey = true
        } _: { served async throws in
            #expect(try await served.ask(.get, "/").status == 200)
            #expect(try await served.ask(.get, "/page/api.js").status == 200)
            #expect(try await served.ask(.get, "/api/v1/overview").status == 401)
            #expect(try await served.ask(.get, "/", host: "attacker.example").status == 421)
        }
    }

    @Test func everyFileThatAFileNamesIsServed() throws {
        var named: Set<String> = ["icon.svg", "style.css"]
        let texts = ([StatusPage.main] + StatusPage.files.values).map { String(decoding: $0.bytes, as: UTF8.self) }
        for text in texts {
            for match in text.matches(of: #/(?:from "|import\("|src="|href=")(?:\./|/page/)([\w.]+)"/#) {
                named.insert(String(match.1))
            }
        }
        #expect(named == Set(StatusPage.files.keys))
    }

    @Test func noFileTurnsATextIntoMarkupOrAsksAnotherServer() {
        for (name, file) in StatusPage.files where name.hasSuffix(".js") {
            let text = String(decoding: file.bytes, as: UTF8.self)
            for banned in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "localStorage"] {
                #expect(!text.contains(banned), "\(name) has \(banned)")
            }
            // The name of a namespace is no address.
            let addresses = text.replacing("http://www.w3.org/2000/svg", with: "")
            #expect(!addresses.contains("://"), "\(name)")
        }
    }

    @Test func theFirstViewIsSmall() {
        let first = [
            "icon.svg", "main.js", "dom.js", "api.js", "key.js", "format.js", "overview.js", "verdict.js",
        ]
        let size = first.reduce(StatusPage.main.bytes.count) { $0 + (StatusPage.files[$1]?.bytes.count ?? .max / 100) }
        #expect(size < 60_000)
    }

    @Test func theOverviewTellsWhatTheNodeHas() async throws {
        try await ServedNode.run { served async throws in
            let client = served.client
            _ = try await client.call(
                Operations.store, OneKey(Target(hashing: "k")), StoreRequest(data: [1], signed: true))
            let overview = try await client.call(Operations.overview, Nothing(), Nothing())
            #expect(overview.archive?.values == 1 && overview.archive?.keys == 1)
            #expect(overview.budgets.map(\.budget) == ["served", "retained", "history", "floors", "evidence"])
            #expect(overview.budgets.allSatisfy { $0.limitBytes > 0 })
            #expect(overview.health.reasons.map(\.code) == [.noContactsYet])
            #expect(overview.endpoints.count == 1 && overview.lastBackup == nil)
            let folder = served.folder.file("backup")
            _ = try await client.call(Operations.backUp, Nothing(), BackupRequest(folder: folder))
            let later = try await client.call(Operations.overview, Nothing(), Nothing())
            #expect(later.lastBackup != nil)
        }
    }

    /// The republisher has made no list yet, because this node has no contacts.
    @Test func overviewStatusPlanAndMetricsCountTheSameKeys() async throws {
        try await ServedNode.run { served async throws in
            let client = served.client
            _ = try await client.call(
                Operations.store, OneKey(Target(hashing: "k")), StoreRequest(data: [1], signed: true))
            var plan = try await client.call(Operations.plan, Nothing(), Nothing())
            // The index follows the archive.
            for _ in 0..<1000 where plan.keptKeys == 0 {
                plan = try await client.call(Operations.plan, Nothing(), Nothing())
            }
            #expect(plan.keptKeys == 1)
            let status = try await client.call(Operations.status, Nothing(), Nothing())
            let overview = try await client.call(Operations.overview, Nothing(), Nothing())
            #expect(status.upkeep?.keptKeys == 1 && overview.republishing?.keptKeys == 1)
            #expect(status.upkeep?.nextDue == plan.nextDue && overview.republishing?.nextDue == plan.nextDue)
            let metrics = try await served.ask(.get, "/metrics")
            #expect(metrics.body.contains("\nbristlecone_republish_kept_keys 1\n"))
        }
    }

    @Test func theDensityCountsWhereValuesLie() async throws {
        try await ServedNode.run { served async throws in
            let key = Target(hashing: "k")
            _ = try await served.client.call(
                Operations.store, OneKey(key), StoreRequest(data: [1], signed: false))
            let answer = try await served.ask(.get, "/api/v1/density?prefix=")
            let all = try JSONText.decode(DensityReport.self, from: answer.body.utf8)
            #expect(all.values.count == 256 && all.values.reduce(0, +) == 1)
            #expect(all.values[Int(key.bytes[0])] == 1)
            let other = try await served.ask(.get, "/api/v1/density?prefix=\(key.bytes[0] < 128 ? 1 : 0)")
            #expect(try JSONText.decode(DensityReport.self, from: other.body.utf8).values.allSatisfy { $0 == 0 })
            #expect(
                try await served.ask(.get, "/api/v1/density?prefix=\(String(repeating: "0", count: 49))").status == 400)
        }
    }
}
