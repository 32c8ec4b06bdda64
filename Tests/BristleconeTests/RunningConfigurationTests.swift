import Archive
import IPv8
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Bristlecone

@Suite struct RunningConfigurationTests {
    private let folder: TemporaryFolder
    private let running: RunningConfiguration
    private let applied = Applied()

    /// The settings that were handed on.
    private final class Applied: Sendable {
        let all = Mutex<[NodeSettings]>([])
        var last: NodeSettings? { all.withLock { $0.last } }
        var count: Int { all.withLock { $0.count } }
    }

    init() throws {
        let folder = try TemporaryFolder()
        try folder.write("test.yaml", "threads: 2\nlog: {level: info}\n")
        let load: @Sendable () throws(ConfigurationError) -> EffectiveConfiguration = {
            () throws(ConfigurationError) in
            var flags = ConfigurationFlags()
            flags.configurationFile = folder.file("test.yaml")
            return try EffectiveConfiguration.load(flags: flags, environment: [:])
        }
        self.folder = folder
        running = RunningConfiguration(try load(), rereading: load)
        running.onChange { [applied] settings in applied.all.withLock { $0.append(settings) } }
    }

    private func item(_ name: String, _ before: SettingValue, _ now: SettingValue) -> ConfigurationChange.Item {
        ConfigurationChange.Item(name: name, before: before, now: now)
    }

    @Test func usesWhatCanChangeAndNamesWhatNeedsARestart() throws {
        try folder.write("test.yaml", "archive: {size_limit: 2 GiB}\nthreads: 3\nlog: {level: debug}\n")
        let change = try running.reload()
        #expect(
            change.applied == [
                item("log.level", .text("info"), .text("debug")),
                item("archive.size_limit", .text("50 GiB"), .text("2 GiB")),
            ])
        #expect(change.needRestart == [item("threads", .number(2), .number(3))])
        #expect(
            change.sentences
                == "Changed log.level from info to debug; archive.size_limit from 50 GiB to 2 GiB. Restart the node to change "
                + "threads from 2 to 3.")
        #expect(applied.last?.logLevel == .debug && applied.last?.archiveSizeLimit == .gibibytes(2))
        #expect(applied.last?.threads == 2 && running.settings.threads == 2)
        let report = running.report
        #expect(report.settings["threads"]?.value == .number(2))
        #expect(report.settings["threads"]?.afterRestart == .number(3))
        #expect(report.settings["log.level"]?.origin == folder.file("test.yaml:3"))
        #expect(report.settings["log.level"]?.afterRestart == nil)
        // Back as it was: nothing waits any more.
        try folder.write("test.yaml", "threads: 2\nlog: {level: debug}\n")
        #expect(try running.reload().needRestart.isEmpty)
        #expect(running.report.settings["threads"]?.afterRestart == nil)
    }

    @Test func aWrongFileChangesNothing() throws {
        let before = running.report
        try folder.write("test.yaml", "log: {level: debug}\nthreads: many\nnonsense: 1\n")
        let error = #expect(throws: ConfigurationError.self) { try running.reload() }
        #expect(
            error?.sentence
                == "Nothing was changed. \(folder.file("test.yaml")):2: threads: \"many\" is not a whole number. Write digits "
                + "only. (1 more: \"bristlecone config check\" lists all.)")
        #expect(running.report == before && applied.count == 0)
    }

    @Test func nothingIsHandedOnIfNothingIsDifferent() throws {
        #expect(try running.reload() == ConfigurationChange(file: folder.file("test.yaml")))
        #expect(applied.count == 0)
    }

    @Test func aSettingThatWasSetHoldsUntilTheFileIsReadAgain() throws {
        let change = try running.set(["archive.scrub_rate": .number(0), "log.level": .text("trace")])
        #expect(change.applied.map(\.name) == ["archive.scrub_rate", "log.level"])
        #expect(applied.last?.scrubRate == 0 && applied.last?.logLevel == .trace)
        #expect(running.report.settings["archive.scrub_rate"]?.layer == .command)
        #expect(try running.set(["log.level": .text("trace")]).applied.isEmpty)
        #expect(
            try running.reload().applied == [
                item("log.level", .text("trace"), .text("info")), item("archive.scrub_rate", .number(0), .number(17)),
            ])
        #expect(running.report.settings["archive.scrub_rate"]?.layer == .standard)
    }

    @Test(arguments: [
        (["threads": SettingValue.number(1)], "cannot change while the node runs"),
        (["log.levle": .text("debug")], "Did you mean log.level?"),
        (["log.level": .text("loud")], "is not a level"),
        (["log.level": .number(1)], "is not a single value"),
        (["archive.scrub_rate": .number(-1)], "out of range"),
        (["archive.scrub_rate": .text("17")], "not a whole number"),
        (["archive.served_share": .number(90)], "make 140 percent"),
        (["log.level": .text("debug"), "http.hosts": .list(["a b"])], "is not the name of a machine"),
    ])
    func oneWrongValueChangesNothing(values: [String: SettingValue], sentence: String) {
        let before = running.report
        let error = #expect(throws: NodeError.self) { try running.set(values) }
        #expect(error?.code == .invalidArgument && error?.message.contains(sentence) == true, "\(error?.message ?? "")")
        #expect(running.report == before && applied.count == 0)
    }

    @Test func wordsOfACommandLineBecomeValues() throws {
        #expect(try SettingName.httpHosts.value(of: ["a", "b"]) == .list(["a", "b"]))
        #expect(try SettingName.scrubRate.value(of: ["5"]) == .number(5))
        #expect(try SettingName.relaxedDurability.value(of: ["true"]) == .truth(true))
        #expect(try SettingName.diskReserve.value(of: ["5 GiB"]) == .text("5 GiB"))
        #expect(throws: NodeError.self) { try SettingName.scrubRate.value(of: ["five"]) }
        #expect(throws: NodeError.self) { try SettingName.logLevel.value(of: ["debug", "info"]) }
    }

    @Test func aNodeUsesOtherLimitsFromTheNextCommitOn() async throws {
        var settings = NodeSettings()
        settings.dataFolder = folder.file("data")
        settings.listen = [try #require(Address("127.0.0.1:0"))]
        settings.bootstrap = false
        let node = try await BristleconeNode.start(settings)
        let mapBytes = node.archive.options.mapBytes
        settings.archiveSizeLimit = .mebibytes(64)
        settings.valuesPerKeyMax = 8
        settings.retention.unsigned = .days(1)
        settings.relaxedDurability = true
        settings.scrubRate = 0
        node.apply(settings)
        #expect(node.archive.options == ArchiveOptions(settings) && node.archive.options.mapBytes == mapBytes)
        let key = Target(hashing: "full")
        for number in 0..<9 {
            _ = try? await node.storeValue(key: key, data: [UInt8(number)], signed: false)
        }
        #expect(try await node.localValues(key: key).values.count == 8)
        await #expect(throws: NodeError.self) { try await node.runTask("scrub") }
        await node.shutdown()
    }
}
