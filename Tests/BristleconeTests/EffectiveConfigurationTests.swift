import Console
import IPv8
import Logging
import TestSupport
import Testing

@testable import Bristlecone

@Suite struct EffectiveConfigurationTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Loads a text as the configuration file.
    private func load(
        _ text: String, environment: [String: String] = [:], flags: ConfigurationFlags = ConfigurationFlags()
    ) throws -> EffectiveConfiguration {
        try folder.write("test.yaml", text)
        var flags = flags
        flags.configurationFile = folder.file("test.yaml")
        return try EffectiveConfiguration.load(flags: flags, environment: environment)
    }

    /// What is wrong with a text, its path left out.
    private func problems(_ text: String, environment: [String: String] = [:]) throws -> [String] {
        let error = try #require(throws: ConfigurationError.self) { try load(text, environment: environment) }
        return error.problems.map { $0.description.replacing(folder.path + "/", with: "") }
    }

    @Test func holdsTheDefaultsWithoutAnything() throws {
        var flags = ConfigurationFlags()
        flags.dataFolder = folder.file("new")
        let configuration = try EffectiveConfiguration.load(flags: flags, environment: [:])
        var expected = NodeSettings()
        expected.dataFolder = folder.file("new")
        #expect(configuration.settings == expected)
        #expect(configuration.file == nil)
        #expect(configuration.origin(of: .listen) == .standard)
    }

    @Test func readsEverySettingFromTheFile() throws {
        let configuration = try load(
            """
            data: /srv/node
            listen: ["127.0.0.1:0", "[::1]:9"]
            peers:
              - 192.0.2.7:8090
            bootstrap:
              enabled: false
              servers: [tracker.example.org:1]
            log:
              level: Warning
            archive:
              size_limit: 20 MiB
              disk_reserve: 0 B
              values_per_key: 8
              served_share: 40
              retained_share: 20
              history_share: 10
              floors_share: 5
              evidence_share: 1
              retain_published: 400 days
              retain_pinned: forever
              retain_signed: 36 hours
              retain_unsigned: 1 day
              journal_keep: 2 days
              relaxed_durability: true
            threads: 3
            """)
        var expected = NodeSettings()
        expected.dataFolder = "/srv/node"
        expected.listen = [
            Address(host: .v4(0x7F00_0001), port: 0), Address(host: .v6(0, 1), port: 9),
        ]
        expected.peers = [Address(host: .v4(0xC000_0207), port: 8090)]
        expected.bootstrap = false
        expected.bootstrapServers = try [#require(BootstrapServer("tracker.example.org:1"))]
        expected.logLevel = .warning
        expected.archiveSizeLimit = .mebibytes(20)
        expected.diskReserve = ByteSize(bytes: 0)
        expected.valuesPerKeyMax = 8
        (expected.shares.served, expected.shares.retained, expected.shares.history) = (40, 20, 10)
        (expected.shares.floors, expected.shares.evidence) = (5, 1)
        expected.retention.published = .days(400)
        expected.retention.signed = TimeSpan(seconds: 36 * 3600)
        expected.retention.unsigned = .days(1)
        expected.journalKeep = .days(2)
        expected.relaxedDurability = true
        expected.threads = 3
        #expect(configuration.settings == expected)
        #expect(configuration.origin(of: .bootstrapServers) == .file(path: folder.file("test.yaml"), line: 7))
        #expect(configuration.origin(of: .threads) == .file(path: folder.file("test.yaml"), line: 25))
    }

    @Test func numbersAreDecimalWhateverTheyBeginWith() throws {
        #expect(try load("threads: 010").settings.threads == 10)
    }

    @Test func sharesThatMakeMoreThanAHundredAreAProblem() throws {
        let message =
            "test.yaml:2: The five shares of the archive make 101 percent. Lower some of archive.served_share, "
            + "archive.retained_share, archive.history_share, archive.floors_share, archive.evidence_share, so that they "
            + "make 100 at most."
        #expect(try problems("archive:\n  served_share: 51\n") == [message])
    }

    @Test func timesAreReadWithTheirUnit() throws {
        #expect(TimeSpan("30 days") == .days(30))
        #expect(TimeSpan("30d") == .days(30))
        #expect(TimeSpan("12h") == TimeSpan(seconds: 12 * 3600))
        #expect(TimeSpan("90 m") == TimeSpan(seconds: 90 * 60))
        #expect(TimeSpan("1 hour")?.seconds == 3600)
        #expect(TimeSpan("90 minutes")?.description == "90 minutes")
        #expect(TimeSpan("Forever") == .forever)
        for text in [
            "", "30", "days", "d", "-1 day", "1 week", "1 da", "99999999999999999999 days", "9999999999999999 days",
        ] {
            #expect(TimeSpan(text) == nil, "\(text)")
        }
        let message =
            "test.yaml:2: archive.retain_signed: \"soon\" is not a length of time. Write a number and a unit, such as "
            + "30 days or 12 hours, or forever."
        #expect(try problems("archive:\n  retain_signed: soon\n") == [message])
    }

    @Test func laysEnvironmentOverFileAndFlagsOverBoth() throws {
        let file = "threads: 1\nlog: {level: error}\nlisten: 127.0.0.1:1\npeers: ['192.0.2.1:1']\n"
        var flags = ConfigurationFlags()
        flags.listen = ["127.0.0.1:3"]
        flags.noBootstrap = true
        let environment = [
            "BRISTLECONE_LOG_LEVEL": "debug", "BRISTLECONE_LISTEN": "127.0.0.1:2",
            "BRISTLECONE_PEERS": "192.0.2.2:2, 192.0.2.3:3", "BRISTLECONE_BOOTSTRAP_ENABLED": "true",
        ]
        let configuration = try load(file, environment: environment, flags: flags)
        #expect(configuration.settings.threads == 1)
        #expect(configuration.settings.logLevel == .debug)
        #expect(configuration.settings.listen.map(\.description) == ["127.0.0.1:3"])
        #expect(configuration.settings.peers.map(\.description) == ["192.0.2.2:2", "192.0.2.3:3"])
        #expect(!configuration.settings.bootstrap)
        #expect(configuration.origin(of: .threads).layer == .file)
        #expect(configuration.origin(of: .logLevel) == .environment(variable: "BRISTLECONE_LOG_LEVEL"))
        #expect(configuration.origin(of: .listen) == .flag("--listen"))
        #expect(configuration.origin(of: .bootstrapEnabled) == .flag("--no-bootstrap"))
        #expect(configuration.origin(of: .archiveSizeLimit) == .standard)
    }

    @Test(arguments: SettingName.allCases)
    func letsTheEnvironmentSetEverything(setting: SettingName) throws {
        let standard = EffectiveConfiguration.self
        let texts = try standard.load(flags: ConfigurationFlags(), environment: ["BRISTLECONE_DATA": folder.path])
            .value(of: setting).texts
        let value =
            switch setting {
            case .peers, .httpListen: "192.0.2.1:1"
            case .httpHosts: "node.example.org"
            case .httpOrigins: "https://node.example.org"
            default: texts.joined(separator: ",")
            }
        let environment = ["BRISTLECONE_DATA": folder.path].merging([setting.environmentVariable: value]) { $1 }
        let configuration = try standard.load(flags: ConfigurationFlags(), environment: environment)
        #expect(configuration.origin(of: setting) == .environment(variable: setting.environmentVariable))
    }

    @Test func readsTheFileOfTheDataFolderUnlessAnotherIsNamed() throws {
        try folder.write(DefaultFile.name, "threads: 5\n")
        let environment = ["BRISTLECONE_DATA": folder.path]
        let found = try EffectiveConfiguration.load(flags: ConfigurationFlags(), environment: environment)
        #expect(found.settings.threads == 5)
        #expect(found.file == folder.file(DefaultFile.name))
        let named = try load("threads: 6\n", environment: environment)
        #expect(named.settings.threads == 6)
    }

    @Test func refusesAFolderSettingInTheFileThatTheFolderLedTo() throws {
        try folder.write(DefaultFile.name, "\ndata: elsewhere\n")
        let error = try #require(throws: ConfigurationError.self) {
            try EffectiveConfiguration.load(
                flags: ConfigurationFlags(), environment: ["BRISTLECONE_DATA": folder.path])
        }
        #expect(error.problems.map(\.origin) == [.file(path: folder.file(DefaultFile.name), line: 2)])
    }

    @Test(arguments: [
        ("threads: 1\ntheads: 2", "test.yaml:2: There is no setting \"theads\". Did you mean threads?"),
        (
            "archive:\n  size: 1 GiB",
            "test.yaml:2: There is no setting \"archive.size\". Remove it; \"bristlecone config show\" lists all there are."
        ),
        ("threads: many", "test.yaml:1: threads: \"many\" is not a whole number. Write digits only."),
        ("threads: 0x10", "test.yaml:1: threads: \"0x10\" is not a whole number. Write digits only."),
        ("threads: 1:30", "test.yaml:1: threads: \"1:30\" is not a whole number. Write digits only."),
        ("threads: 257", "test.yaml:1: threads: 257 is out of range. Write a value from 0 to 256."),
        (
            "bootstrap:\n  enabled: perhaps",
            "test.yaml:2: bootstrap.enabled: \"perhaps\" is neither true nor false. Write true or false."
        ),
        (
            "bootstrap: no",
            "test.yaml:1: bootstrap is a section and has no value of its own. Write its settings below it and indented, such as \"  enabled: …\"."
        ),
        (
            "listen:\n  - 127.0.0.1:1\n  - 1.2.3",
            "test.yaml:3: listen: \"1.2.3\" is not an address with a port. Write an IP address (names are not looked up), a colon and a port, such as 0.0.0.0:8090 or [::]:8090."
        ),
        ("listen: {a: b}", "test.yaml:1: listen: \"…\" is not a list. Write one item a line, each after \"- \"."),
        (
            "listen: 224.0.0.1:1",
            "test.yaml:1: listen: \"224.0.0.1:1\" is not an address that a machine can have. Write one of this machine's, or 0.0.0.0 or [::] for all."
        ),
        (
            "peers: [192.0.2.1:0]",
            "test.yaml:1: peers: No peer can be reached at \"192.0.2.1:0\". Write a peer's own address and a port from 1 to 65535."
        ),
        ("peers:", "test.yaml:1: peers has no value. Write [] for none, or remove the line to get the default."),
        ("threads:", "test.yaml:1: threads has no value. Remove the line to get the default."),
        (
            "log:\n  level: loud",
            "test.yaml:2: log.level: \"loud\" is not a level. Write one of trace, debug, info, notice, warning, error, critical."
        ),
        (
            "archive:\n  size_limit: 5",
            "test.yaml:2: archive.size_limit: \"5\" is not an amount of space. Write a number and a unit, such as 50 GiB."
        ),
        (
            "archive:\n  size_limit: 1 TiB",
            "test.yaml:2: archive.size_limit: 1 TiB is out of range. Write a value from 16 MiB to 900 GiB."
        ),
        (
            "archive.size_limit: 1 GiB\narchive:\n  size_limit: 2 GiB",
            "test.yaml:3: archive.size_limit is already set in line 1. Remove one of the two."
        ),
        ("threads: 1\nthreads: 2", "test.yaml:2: \"threads\" is there twice. Remove one of the two."),
        ("data: ''", "test.yaml:1: data: The name is empty. Write the path of a folder."),
        ("- a", "test.yaml:1: This is no list of settings. Write lines like \"threads: 4\"."),
        (
            "threads: 1\nlisten:\n  - [::]:1",
            "test.yaml:3: This is not YAML: did not find expected node content. Write an IPv6 address between quotation marks, such as \"[::]:8090\"."
        ),
        (
            "log:\n\tlevel: info",
            "test.yaml:2: This is not YAML: found character that cannot start any token. Indent with spaces: YAML takes no tabs."
        ),
        ("listen: []", "test.yaml:1: The node would listen nowhere. Give listen an address, such as \"0.0.0.0:8090\"."),
        (
            "listen: ['127.0.0.1:1', '127.0.0.2:1']",
            "test.yaml:1: 127.0.0.1:1 and 127.0.0.2:1 are of the same family (IPv4). Keep one of them, or use 0.0.0.0 for all of the machine's addresses."
        ),
        (
            "listen: ['127.0.0.1:1']\nbootstrap:\n  lan_broadcast: true",
            "test.yaml:3: Broadcasts do not reach a node that listens on 127.0.0.1:1. Listen on 0.0.0.0, or set bootstrap.lan_broadcast to false."
        ),
        (
            "threads: 1\npeers: ['[2001:db8::1]:5']",
            "test.yaml:2: The node has no IPv6 address to talk to [2001:db8::1]:5 from. Add one to listen, such as \"[::]:8090\", or remove the peer."
        ),
        (
            "listen: 127.0.0.1:7\npeers: 127.0.0.1:7",
            "test.yaml:2: 127.0.0.1:7 is this node's own address. Name other nodes only."
        ),
        (
            "bootstrap:\n  servers: []",
            "test.yaml:2: Bootstrap servers are to be asked, and none is listed. List some, or set bootstrap.enabled to false."
        ),
    ])
    func tellsLineAndRemedy(text: String, problem: String) throws {
        #expect(try problems(text) == [problem])
    }

    @Test func reportsAllProblemsOfAllLayersAtOnce() throws {
        var flags = ConfigurationFlags()
        flags.logLevel = "loud"
        let error = try #require(throws: ConfigurationError.self) {
            try load(
                "threads: x\nlisten: y\n",
                environment: [
                    "BRISTLECONE_THREADS": "z", "BRISTLECONE_THREAD": "1", "BRISTLECONE_PEERS": "192.0.2.1:1,a",
                ],
                flags: flags)
        }
        #expect(
            error.problems.map(\.origin) == [
                .file(path: folder.file("test.yaml"), line: 1), .file(path: folder.file("test.yaml"), line: 2),
                .environment(variable: "BRISTLECONE_THREAD"), .environment(variable: "BRISTLECONE_PEERS"),
                .environment(variable: "BRISTLECONE_THREADS"), .flag("--log-level"),
            ])
        #expect(error.problems[2].remedy == "Did you mean BRISTLECONE_THREADS?")
    }

    @Test func leavesOtherPeoplesVariablesAlone() throws {
        let environment = [
            "BRISTLECONE_SERVICE_HOST": "10.0.0.1", "BRISTLECONE_PORT": "udp://10.0.0.1:8090",
            "BRISTLECONE_PORT_8090_UDP_PORT": "8090", "BRISTLECONE_THREADS": "",
        ]
        #expect(try load("", environment: environment).settings == NodeSettings())
    }

    @Test func complainsAboutAFileThatIsNotThere() throws {
        var flags = ConfigurationFlags()
        flags.configurationFile = folder.file("absent.yaml")
        let error = try #require(throws: ConfigurationError.self) {
            try EffectiveConfiguration.load(flags: flags, environment: [:])
        }
        #expect(error.problems.map(\.origin) == [.flag("--config")])
    }

    // Bytes that are not UTF-8, and 2 MiB of comment signs.
    @Test(arguments: [(UInt8(0xFF), 9), (UInt8(0x23), 1 << 21)])
    func refusesAFileThatIsNoText(byte: UInt8, count: Int) throws {
        try folder.write(DefaultFile.name, [UInt8](repeating: byte, count: count))
        let error = try #require(throws: ConfigurationError.self) {
            try EffectiveConfiguration.load(
                flags: ConfigurationFlags(), environment: ["BRISTLECONE_DATA": folder.path])
        }
        #expect(error.problems.map(\.message) == ["This is not a configuration file."])
    }

    @Test func showsNothingThatCommandsATerminal() throws {
        let shown = try problems("log: {level: \"\\e[2J\\u202Ered\\n\"}")
        #expect(shown.count == 1)
        #expect(shown.allSatisfy { $0.unicodeScalars.allSatisfy(\.isSafeToShow) })
    }

    @Test func hasAJSONForm() throws {
        let configuration = try load("threads: 2\nlisten: 127.0.0.1:1\n")
        let json = try JSONText.encode(ConfigurationReport(configuration)).replacing(folder.path + "/", with: "")
        #expect(json.hasPrefix("{\"file\":\"test.yaml\",\"settings\":{\"archive.disk_reserve\":"))
        #expect(
            json.contains(
                "\"threads\":{\"after_restart\":null,\"change\":\"restart\",\"layer\":\"file\",\"origin\":\"test.yaml:1\",\"value\":2}"
            ))
        #expect(json.contains("\"layer\":\"file\",\"origin\":\"test.yaml:2\",\"value\":[\"127.0.0.1:1\"]}"))
        #expect(json.contains("\"change\":\"at_once\",\"layer\":\"default\",\"origin\":null,\"value\":\"info\"}"))
    }
}
