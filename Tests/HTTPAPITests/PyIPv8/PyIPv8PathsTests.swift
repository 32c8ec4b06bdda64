import Bristlecone
import IPv8
import TestSupport
import Testing

@testable import HTTPAPI

/// py-ipv8's paths on a node that never met anybody. `Tests/REST` compares them with py-ipv8 itself.
@Suite struct PyIPv8PathsTests {
    private func withNode(_ body: (PyIPv8) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        var settings = NodeSettings()
        settings.dataFolder = folder.file("data")
        settings.listen = [try #require(Address("127.0.0.1:0"))]
        settings.bootstrap = false
        let node = try await BristleconeNode.start(settings)
        do {
            try await body(PyIPv8(node: node))
        } catch {
            await node.shutdown()
            throw error
        }
        await node.shutdown()
    }

    private func ask(
        _ api: PyIPv8, _ method: String, _ path: String, _ body: String = "", query: [String: String] = [:]
    ) async -> (status: Int, body: String) {
        let request = PyIPv8Request(method: method, path: path, query: query) { () async throws(PyIPv8Failure) in
            Array(body.utf8)
        }
        let answer = await api.answer(to: request)
        return (answer.status, String(decoding: answer.body.text, as: UTF8.self))
    }

    private static let key = String(repeating: "ab", count: 20)

    private static func thrown(_ code: String, _ message: String) -> (Int, String) {
        (500, #"{"success": false, "error": {"code": "\#(code)", "message": "\#(message)"}}"#)
    }

    private static func refused(_ status: Int, _ error: String) -> (Int, String) {
        (status, #"{"success": false, "error": "\#(error)"}"#)
    }

    private static let success = (200, #"{"success": true}"#)

    private static let answers: [(method: String, path: String, body: String, (status: Int, body: String))] = [
        ("GET", "/dht/nothing", "", thrown("HTTPNotFound", "Not Found")),
        ("GET", "/dht", "", thrown("HTTPNotFound", "Not Found")),
        ("GET", "/dht/values/", "", thrown("HTTPNotFound", "Not Found")),
        ("GET", "/dht//values", "", thrown("HTTPNotFound", "Not Found")),
        ("GET", "/dht/statistics/", "", thrown("HTTPNotFound", "Not Found")),
        ("GET", "/DHT/statistics", "", thrown("HTTPNotFound", "Not Found")),
        ("POST", "/dht/statistics", "", thrown("HTTPMethodNotAllowed", "Method Not Allowed")),
        ("OPTIONS", "/dht/statistics", "", thrown("HTTPMethodNotAllowed", "Method Not Allowed")),
        ("DELETE", "/dht/values/\(key)", "", thrown("HTTPMethodNotAllowed", "Method Not Allowed")),
        ("GET", "/isolation", "", thrown("HTTPMethodNotAllowed", "Method Not Allowed")),
        ("GET", "/dht/values", "", (200, "{}")),
        ("GET", "/dht/buckets", "", (200, #"{"buckets": []}"#)),
        ("GET", "/dht/buckets//refresh", "", refused(400, "no such bucket")),
        ("GET", "/dht/buckets/0/refresh", "", refused(400, "no such bucket")),
        ("GET", "/dht/buckets/a-b/refresh", "", thrown("HTTPNotFound", "Not Found")),
        ("GET", "/dht/values/abc", "", thrown("Error", "Odd-length string")),
        ("GET", "/dht/values/0xabab", "", thrown("Error", "Non-hexadecimal digit found")),
        (
            "GET", "/dht/values/%C3%A9%C3%A9", "",
            thrown("ValueError", "string argument should contain only ASCII characters")
        ),
        ("GET", "/dht/peers/\(key)", "", thrown("DHTError", "No nodes found for connecting to peer")),
        ("GET", "/noblockdht/\(key)", "", success),
        ("GET", "/noblockdht/zz", "", thrown("Error", "Non-hexadecimal digit found")),
        ("PUT", "/dht/values/xyz", "{}", refused(400, "incorrect parameters")),
        ("PUT", "/dht/values/xyz", #"{"value": 7}"#, thrown("Error", "Odd-length string")),
        (
            "PUT", "/dht/values/ab", #"{"value": 7}"#,
            thrown("TypeError", "argument should be bytes, buffer or ASCII string, not 'int'")
        ),
        ("PUT", "/dht/values/ab", "[]", refused(400, "incorrect parameters")),
        (
            "PUT", "/dht/values/ab", #"["value"]"#,
            thrown("TypeError", "list indices must be integers or slices, not str")
        ),
        ("PUT", "/dht/values/ab", #""value""#, thrown("TypeError", "string indices must be integers, not 'str'")),
        ("PUT", "/dht/values/ab", "null", thrown("TypeError", "argument of type 'NoneType' is not iterable")),
        ("PUT", "/dht/values/ab", "", thrown("JSONDecodeError", "Expecting value: line 1 column 1 (char 0)")),
        (
            "PUT", "/dht/values/ab", "{\"value\": \"\(String(repeating: "61", count: 24))\"}",
            thrown("DHTError", "Maximum length exceeded")
        ),
        (
            "PUT", "/dht/values/abcd", #"{"value": "76", "sign": false}"#,
            (200, #"{"success": true, "acknowledged": 0}"#)
        ),
        ("GET", "/network", "", (200, #"{"peers": {}}"#)),
        ("POST", "/isolation", "{}", refused(400, #"Parameters \"ip\" and \"port\" are required"#)),
        (
            "POST", "/isolation", #"{"ip": "127.0.0.1", "port": 9}"#,
            refused(400, #"Parameter \"exitnode\" or \"bootstrapnode\" is required"#)
        ),
        ("POST", "/isolation", #"{"ip": "127.9.9.9", "port": 9, "bootstrapnode": false}"#, success),
        ("POST", "/isolation", #"{"ip": "127.9.9.9", "port": 9, "exitnode": true}"#, success),
        (
            "POST", "/isolation", #"{"ip": "nowhere", "port": 9, "bootstrapnode": true}"#,
            thrown(
                "PackError",
                #"Could not pack item: ('ipv4', ('nowhere', 9))\nOSError: illegal IP address string passed to inet_aton"#
            )
        ),
        ("POST", "/overlays/statistics", "{}", refused(400, #"Parameter \"enable\" is required"#)),
        (
            "POST", "/overlays/statistics", #"{"enable": true}"#,
            refused(412, #"Parameter \"all\" or \"overlay_name\" is required"#)
        ),
        ("POST", "/overlays/statistics", #"{"enable": true, "all": true}"#, success),
        ("GET", "/asyncio/drift", "", refused(404, "Core drift disabled.")),
        ("PUT", "/asyncio/drift", "{}", (400, #"{"error": "incorrect parameters"}"#)),
        (
            "GET", "/asyncio/debug", "",
            (200, #"{"messages": [], "enable": false, "slow_callback_duration": 0.1}"#)
        ),
        ("PUT", "/asyncio/debug", "{}", refused(400, "incorrect parameters")),
        ("PUT", "/asyncio/debug", #"{"enable": true}"#, success),
        ("GET", "/tunnel/settings", "", (200, #"{"settings": {}}"#)),
        ("GET", "/tunnel/circuits", "", (200, #"{"circuits": []}"#)),
        ("GET", "/tunnel/peers/pex", "", (200, "[]")),
        ("GET", "/tunnel/circuits/x/test", "", (400, #"{"error": "circuit_id must be an integer"}"#)),
        ("GET", "/tunnel/circuits/1/test", "", (404, #"{"error": "TunnelCommunity is not initialized"}"#)),
        ("GET", "/tunnel/circuits/test", "", (404, #"{"error": "TunnelCommunity is not initialized"}"#)),
    ]

    @Test func requestsAreAnsweredInTheReferencesWords() async throws {
        try await withNode { api in
            for (method, path, body, expected) in PyIPv8PathsTests.answers {
                let answer = await ask(api, method, path, body)
                #expect(answer.status == expected.status && answer.body == expected.body, "\(method) \(path) \(body)")
            }
        }
    }

    @Test func headIsAnsweredAsGetIs() async throws {
        try await withNode { api in
            let (get, head) = (await ask(api, "GET", "/overlays"), await ask(api, "HEAD", "/overlays"))
            #expect(get.status == 200 && head.status == 200)
            #expect(await ask(api, "HEAD", "/isolation").status == 500)
        }
    }

    @Test func aBodyThatIsTooLargeIsTheReferencesException() async throws {
        try await withNode { api in
            let request = PyIPv8Request(method: "PUT", path: "/dht/values/ab") { () async throws(PyIPv8Failure) in
                throw .tooLarge
            }
            let answer = await api.answer(to: request)
            #expect(answer.status == 500)
            #expect(String(decoding: answer.body.text, as: UTF8.self).contains("HTTPRequestEntityTooLarge"))
        }
    }

    @Test func aValueIsFoundUnderItsKeyAndItsPaddedKey() async throws {
        try await withNode { api in
            #expect(await ask(api, "PUT", "/dht/values/ABCD", #"{"value": "7661"}"#).status == 200)
            let publicKey = PyIPv8.base64Text(api.node.publicKey.bytes)
            for key in ["abcd", "abcd" + String(repeating: "0", count: 36)] {
                let found = await ask(api, "GET", "/dht/values/" + key)
                #expect(found.status == 200)
                let value =
                    #"{"values": [{"public_key": "\#(publicKey)", "key": "\#(key)", "value": "7661"}], "debug": "#
                #expect(found.body.hasPrefix(value), "\(found.body)")
            }
            let stored = await ask(api, "GET", "/dht/values")
            #expect(stored.body.hasPrefix(#"{"abcd000000000000000000000000000000000000": [{"endpoint": "UDPIPv4", "#))
        }
    }

    @Test func storedValuesComeInPartsWithTheAddressOfTheNext() async throws {
        try await withNode { api in
            for number in 10..<15 {
                #expect(await ask(api, "PUT", "/dht/values/\(number)", #"{"value": "00"}"#).status == 200)
            }
            let first = await api.answer(to: PyIPv8Request(method: "GET", path: "/dht/values", query: ["limit": "2"]))
            let last = "11" + String(repeating: "0", count: 38)
            #expect(first.next == "/dht/values?after=\(last)&limit=2")
            let rest = await api.answer(to: PyIPv8Request(method: "GET", path: "/dht/values", query: ["after": last]))
            guard case .object(let firstKeys) = first.body, case .object(let restKeys) = rest.body else {
                Issue.record("these are no objects")
                return
            }
            #expect((firstKeys + restKeys).map { $0.name.prefix(2) } == ["10", "11", "12", "13", "14"])
            #expect(rest.next == nil)
        }
    }

    @Test func driftIsMeasuredWhileItIsSwitchedOn() async throws {
        let meter = DriftMeter(interval: .milliseconds(1))
        #expect(meter.measurements == nil)
        meter.enable()
        var looks = 0
        while meter.measurements?.isEmpty != false, looks < 1000 {
            looks += 1
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(meter.measurements?.first.map { $0.drift >= .zero } == true)
        meter.disable()
        #expect(meter.measurements == nil)
    }
}
