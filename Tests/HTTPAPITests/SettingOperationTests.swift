import Bristlecone
import Console
import Glibc
import HTTPTypes
import IPv8
import Logging
import Synchronization
import TestSupport
import Testing

@testable import HTTPAPI

/// Settings of a running node, and what the log says of an operator's actions.
@Suite struct SettingOperationTests {
    /// Keeps what was logged.
    private struct Handler: LogHandler {
        final class Lines: Sendable {
            let all = Mutex<[(text: String, metadata: Logger.Metadata)]>([])
        }

        let lines: Lines
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.all.withLock { $0.append(("\(event.message)", event.metadata ?? [:])) }
        }
    }

    private func logged(_ lines: Handler.Lines, _ operation: String) -> [(text: String, metadata: Logger.Metadata)] {
        lines.all.withLock { all in all.filter { $0.metadata["audit"] == .string(operation) } }
    }

    @Test func settingsAreShownAndChanged() async throws {
        try await ServedNode.run { served async throws in
            let report = try await served.client.call(Operations.settings, Nothing(), Nothing())
            #expect(Set(report.settings.keys) == Set(SettingName.allCases.map(\.rawValue)))
            #expect(report.settings["log.level"]?.change == .atOnce && report.settings["listen"]?.change == .restart)
            let request = SettingsRequest(["archive.scrub_rate": .number(5), "http.hosts": .list(["one.example"])])
            let change = try await served.client.call(Operations.changeSettings, Nothing(), request)
            #expect(change.applied.map(\.name) == ["archive.scrub_rate", "http.hosts"])
            let again = try await served.client.call(Operations.settings, Nothing(), Nothing())
            #expect(again.settings["archive.scrub_rate"]?.value == .number(5))
            #expect(again.settings["archive.scrub_rate"]?.layer == .command)
            // The server goes by the new name at once.
            #expect(try await served.ask(.get, "/api/v1/plan", host: "one.example").status == 200)
            #expect(try await served.ask(.get, "/api/v1/plan", host: "two.example").status == 421)
        }
    }

    @Test func writingSettingsNeedsTheKey() async throws {
        try await ServedNode.run { served async throws in
            let body = #"{"http.reads_need_key":true}"#
            #expect(try await served.ask(.patch, "/api/v1/settings", body: body).status == 401)
            #expect(try await served.ask(.post, "/api/v1/settings/reload").status == 401)
            #expect(try await served.ask(.get, "/api/v1/settings").status == 200)
            #expect(try await served.ask(.patch, "/api/v1/settings", [.apiKey: served.key], body: body).status == 200)
            #expect(try await served.ask(.get, "/api/v1/settings").status == 401)
        }
    }

    @Test func aWrongConfigurationIsAConflict() async throws {
        try await ServedNode.run(rereading: { (_) throws(ConfigurationError) in
            var flags = ConfigurationFlags()
            flags.logLevel = "loud"
            return try EffectiveConfiguration.load(flags: flags, environment: [:])
        }) { served async throws in
            let answer = try await served.ask(.post, "/api/v1/settings/reload", [.apiKey: served.key])
            #expect(
                answer.status == 409
                    && answer.body.contains(#"Nothing was changed. --log-level: \"loud\" is not a level."#))
            #expect(answer.body.contains(#""code":"configuration_wrong""#))
        }
    }

    @Test func theLogNamesWhoDidWhat() async throws {
        let lines = Handler.Lines()
        try await ServedNode.run(logger: Logger(label: "test") { _ in Handler(lines: lines) }) { served async throws in
            let client = served.client
            let key = Target(hashing: "greeting")
            _ = try await client.call(Operations.changePins, Nothing(), SubjectChange(add: [.key(key)]))
            _ = try await client.call(Operations.forget, Nothing(), ForgetRequest(.key(key), block: true))
            _ = try await client.call(Operations.unblock, Nothing(), ForgetRequest(.key(key)))
            let network = try #require(IPNetwork("192.0.2.0/24"))
            _ = try await client.call(
                Operations.changeBans, Nothing(), BansChange(add: [BanRequest(network, until: nil)]))
            _ = try await client.call(Operations.reloadSettings, Nothing(), Nothing())
            _ = try await client.call(
                Operations.changeSettings, Nothing(), SettingsRequest(["log.level": .text("debug")]))
            let folder = served.folder.file("backup")
            _ = try await client.call(Operations.backUp, Nothing(), BackupRequest(folder: folder))
            let body = #"{"folder":"\#(folder)"}"#
            #expect(try await served.ask(.post, "/api/v1/backups", [.apiKey: served.key], body: body).status == 400)
            // Reading and everyday traffic leave no line.
            _ = try await client.call(
                Operations.store, OneKey(Target(hashing: "k")), StoreRequest(data: [1], signed: true))
            _ = try await client.call(Operations.plan, Nothing(), Nothing())

            #expect(
                logged(lines, "change_pins").map(\.text) == [
                    "Pinned the key \(key): 1 changed, 0 unchanged."
                ])
            #expect(logged(lines, "forget").first?.text.hasPrefix("Forgot the key \(key): ") == true)
            #expect(logged(lines, "unblock").map(\.text) == ["No longer blocks the key \(key)."])
            #expect(logged(lines, "change_bans").map(\.text) == ["Banned 192.0.2.0/24: 1 changed, 0 unchanged."])
            #expect(logged(lines, "reload_settings").map(\.text) == ["Read the configuration. No setting was changed."])
            #expect(logged(lines, "change_settings").map(\.text) == ["Changed log.level from info to debug."])
            let backups = logged(lines, "back_up")
            #expect(backups.first?.text == "A backup was written to \(folder): 0 values.")
            #expect(backups.first?.metadata["user"] != nil && backups.first?.metadata["uid"] == "\(getuid())")
            #expect(backups.last?.text.hasPrefix("Failed: \(folder) exists") == true)
            #expect(backups.last?.metadata["user"] == "api key")
            #expect(backups.last?.metadata["address"].map { "\($0)".hasPrefix("127.0.0.1 port ") } == true)
            #expect(lines.all.withLock { $0.count { $0.metadata["audit"] != nil } } == 8)
        }
    }
}
