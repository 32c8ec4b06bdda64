import Bristlecone
import HTTPTypes
import IPv8
import TestSupport
import Testing

@testable import HTTPAPI

/// Who may do what over TCP.
@Suite struct AdmissionTests {
    private static let store = #"{"text":"hello"}"#

    @Test func readingIsOpenAndWritingNeedsTheKey() async throws {
        try await ServedNode.run { served async throws in
            #expect(try await served.ask(.get, "/api/v1/plan").status == 200)
            let refused = try await served.ask(.post, "/api/v1/values/k", body: Self.store)
            #expect(refused.status == 401)
            #expect(refused.headers[.wwwAuthenticate] == "Bearer")
            #expect(refused.body.contains(#""code":"unauthorized""#))
            let wrong = String(served.key.dropLast()) + (served.key.hasSuffix("0") ? "1" : "0")
            for key in [wrong, "", served.key + "0", String(served.key.dropLast())] {
                let answer = try await served.ask(.post, "/api/v1/values/k", [.apiKey: key], body: Self.store)
                #expect(answer.status == 401, "with \(key)")
            }
            let headers: [HTTPFields] = [
                [.apiKey: served.key], [.authorization: "Bearer \(served.key)"],
                [.authorization: "bearer \(served.key)"],
            ]
            for headers in headers {
                #expect(try await served.ask(.post, "/api/v1/values/k", headers, body: Self.store).status == 200)
            }
        }
    }

    @Test func readingNeedsTheKeyIfTheOperatorSaysSo() async throws {
        try await ServedNode.run {
            $0.http.readsNeedKey = true
        } _: { served async throws in
            #expect(try await served.ask(.get, "/api/v1/plan").status == 401)
            #expect(try await served.ask(.get, "/api/v1/plan", [.apiKey: served.key]).status == 200)
        }
    }

    @Test(arguments: [
        "evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1", "", "localhost.evil.example",
    ])
    func refusesRequestsForAnotherHost(host: String) async throws {
        try await ServedNode.run { served async throws in
            #expect(try await served.ask(.get, "/api/v1/plan", host: host).status == 421)
        }
    }

    @Test(arguments: [
        "localhost", "LocalHost:8085", "192.0.2.7", "[::1]:1", "node.example.org", "Node.Example.ORG:443",
    ])
    func answersToItsOwnNames(host: String) async throws {
        try await ServedNode.run {
            $0.http.hosts = ["node.example.org"]
        } _: { served async throws in
            #expect(try await served.ask(.get, "/api/v1/plan", host: host).status == 200)
        }
    }

    @Test func refusesPagesOfOtherOrigins() async throws {
        try await ServedNode.run {
            $0.http.origins = ["https://status.example.org"]
        } _: { served async throws in
            let foreign = try await served.ask(.get, "/api/v1/plan", [.origin: "https://evil.example"])
            #expect(foreign.status == 403)
            #expect(foreign.headers[.accessControlAllowOrigin] == nil)
            let site = try #require(HTTPField.Name("Sec-Fetch-Site"))
            let destination = try #require(HTTPField.Name("Sec-Fetch-Dest"))
            // A page of another port of this machine is of the same site.
            for from in ["cross-site", "same-site"] {
                for (to, status) in [("image", 403), ("iframe", 403), ("document", 200)] {
                    let answer = try await served.ask(.get, "/api/v1/plan", [site: from, destination: to])
                    #expect(answer.status == status, "a \(from) page's \(to)")
                }
            }
            let ownPage = try await served.ask(.get, "/api/v1/plan", [site: "same-origin", destination: "empty"])
            #expect(ownPage.status == 200)
            let own = try await served.ask(.get, "/api/v1/plan", [.origin: "http://\(served.address)"])
            #expect(own.status == 200)
            let listed = try await served.ask(.get, "/api/v1/plan", [.origin: "https://status.example.org"])
            #expect(listed.status == 200)
            #expect(listed.headers[.accessControlAllowOrigin] == "https://status.example.org")
            let preflight: HTTPFields = [
                .origin: "https://status.example.org", .accessControlRequestMethod: "POST",
            ]
            #expect(try await served.ask(.options, "/api/v1/values/k", preflight).status == 204)
            let stranger: HTTPFields = [.origin: "https://evil.example", .accessControlRequestMethod: "POST"]
            #expect(try await served.ask(.options, "/api/v1/values/k", stranger).status == 403)
        }
    }

    @Test func theKeyIsItsOwnersAloneAndLasts() async throws {
        let folder = try TemporaryFolder()
        let key = try APIKey.loadOrCreate(inDataFolder: folder.path)
        #expect(key.text.count == 64)
        #expect(TemporaryFolder.permissions(of: folder.file("api.key")) == 0o600)
        #expect(try APIKey.loadOrCreate(inDataFolder: folder.path).text == key.text)
        for (text, permissions) in [("short\n", 0o600), (key.text, 0o604), ("with blanks in its line\n", 0o600)] {
            try folder.write("api.key", text.utf8, permissions: UInt32(permissions))
            #expect(throws: ControlSocketError.self) { try APIKey.loadOrCreate(inDataFolder: folder.path) }
        }
    }
}
