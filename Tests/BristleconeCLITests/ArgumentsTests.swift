import ArgumentParser
import Bristlecone
import IPv8
import Testing

@testable import BristleconeCLI

@Suite struct ArgumentsTests {
    @Test func hashesATextAndTakesDigitsAsTheyAre() throws {
        #expect(try Arguments.key("hello").description == "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")
        let digits = "AAF4C61DDCC5E8A2DABEDE0F3B482CD9AEA9434D"
        #expect(try Arguments.key(digits).description == digits.lowercased())
        #expect(try Arguments.key(String(digits.dropLast())) == Target(hashing: String(digits.dropLast())))
        #expect(throws: ValidationError.self) { try Arguments.key("") }
    }

    @Test func takesASignerByMidOrByPublicKey() throws {
        let key = try PrivateKey(bytes: Array("LibNaCLSK:".utf8) + [UInt8](repeating: 1, count: 64)).publicKey
        for text in [key.description, key.mid.description.uppercased()] {
            #expect(try SubjectArguments.parse(["--signer", text]).subjects() == [.signer(key.mid)])
            #expect(try SubjectArguments.parse(["signer:\(text)"]).subjects() == [.signer(key.mid)])
        }
        let two: [KeepSubject] = [.key(Target(hashing: "hello")), .signer(key.mid)]
        #expect(try SubjectArguments.parse(["hello", "signer:\(key.mid)"]).subjects() == two)
    }

    @Test(arguments: ["127.0.0.3", "192.0.2.0/24", "[::1]:8090", "2001:db8::/32", "-", "@keys.txt", "/etc/hostname"])
    func asksBeforeItHashesWhatLooksLikeSomethingElse(text: String) throws {
        let error = try #require(throws: (any Error).self) { try SubjectArguments.parse([text]) }
        #expect(SubjectArguments.fullMessage(for: error).contains("If you mean the text itself, add --text."))
        #expect(try SubjectArguments.parse(["--text", text]).subjects() == [.key(Target(hashing: text))])
    }

    @Test(arguments: ["greeting", "1.2.3", "a/b", String(repeating: "7", count: 40)])
    func hashesOtherTextsWithoutAQuestion(text: String) throws {
        #expect(try SubjectArguments.parse([text]).subjects() == [.key(Arguments.key(text))])
    }

    @Test func tellsEveryBadLineByItsNumber() throws {
        let list = try LineList("keys.txt", Array("one\n\n two\r\nsigner:me\nthree\n192.0.2.1\n".utf8))
        #expect(list.lines.map(\.number) == [1, 3, 4, 5, 6])
        #expect(try list.parse { $0 } == ["one", " two", "signer:me", "three", "192.0.2.1"])
        let failure = try #require(throws: CommandFailure.self) {
            try list.parse { text in
                guard text.count < 6 else { throw ValidationError("It is too long.") }
            }
        }
        #expect(
            failure.message
                == "Nothing was done, because keys.txt has 2 bad lines. Line 4: It is too long. Line 6: It is too long."
        )
    }

    @Test func readsValues() throws {
        #expect(try Arguments.value("é", isHex: false) == [0xC3, 0xA9])
        #expect(try Arguments.value("00fF", isHex: true) == [0, 255])
        #expect(throws: ValidationError.self) { try Arguments.value("0", isHex: true) }
    }

    @Test(arguments: [
        ("stroe", "There is no command \"stroe\". Did you mean bristlecone store?"),
        ("xyzzy", "There is no command \"xyzzy\". \"bristlecone --help\" lists all there are."),
    ])
    func saysWhichCommandMayBeMeant(name: String, sentence: String) {
        #expect(throws: CommandFailure(message: sentence, status: .usage)) { try Program.requireCommand(name) }
    }

    @Test(arguments: [nil, "run", "help", "--help", "--version"])
    func leavesOtherWordsToTheParser(name: String?) throws { try Program.requireCommand(name) }

    @Test(arguments: ["", "127.0.0.1", "127.0.0.1:0", "0.0.0.0:1", "example.org:1", "::1:5"])
    func refusesWhatIsNoAddress(text: String) {
        #expect(throws: ValidationError.self) { try Arguments.address(text) }
    }

    @Test(arguments: [
        ["store", "k", String(repeating: "x", count: 54)],
        ["store", "--unsigned", "k", String(repeating: "x", count: 170)],
        ["store", "--hex", "k", "xy"], ["store", "k"], ["find"], ["find", ""], ["ping", "x"], ["status", "x"],
        ["config", "show", "--json", "--default-file"], ["nonsense"], ["--nonsense"],
        ["pin", "add"], ["pin", "add", ""], ["pin", "add", "--signer", "me"], ["forget"],
        ["forget", "k", "--block", "--unblock"],
    ])
    func refusesAWrongCommandLineWithTheUsageStatus(arguments: [String]) throws {
        let error = try #require(throws: (any Error).self) { try Program.parseAsRoot(arguments) }
        #expect(Program.exitCode(for: error).rawValue == 64)
    }

    @Test(arguments: [
        ["run"], ["store", "k", "v"], ["store", "k", String(repeating: "x", count: 53)],
        ["store", "--unsigned", "k", String(repeating: "x", count: 169)], ["store", "--hex", "k", "00"],
        ["store", "--", "k", "-3"], ["find", "k", "--local", "--json"], ["ping", "127.0.0.1:1"],
        ["ping", "[::1]:1", "--data", "d"], ["status"], ["config", "check", "--config", "f"], ["config", "show"],
        ["config", "set", "log.level", "debug"], ["config", "set", "http.hosts", "a", "b", "--json"],
        ["reload", "--data", "d"],
        ["pin", "add", "k"], ["pin", "list", "--json"], ["pin", "remove", "k", "--data", "d"],
        ["pin", "add", "--signer", "0123456789abcdef0123456789abcdef01234567"], ["forget", "k", "--yes", "--block"],
        [
            "run", "--data", "d", "--listen", "127.0.0.1:0", "--listen", "[::1]:0", "--peer", "127.0.0.1:1",
            "--peer", "127.0.0.1:2", "--no-bootstrap", "--config", "f", "--log-level", "debug",
        ],
    ])
    func takesTheCommandLinesOfTheContract(arguments: [String]) {
        #expect(throws: Never.self) { try Program.parseAsRoot(arguments) }
    }

    @Test(
        arguments: [
            RunCommand.self, StoreCommand.self, FindCommand.self, PingCommand.self, StatusCommand.self,
            PinCommand.self, PinAddCommand.self, PinListCommand.self, PinRemoveCommand.self, ForgetCommand.self,
            ConfigCommand.self, ConfigCheckCommand.self, ConfigShowCommand.self, ConfigSetCommand.self,
            ReloadCommand.self,
        ] as [any ParsableCommand.Type])
    func givesAnExampleWithEveryCommand(command: any ParsableCommand.Type) {
        #expect(command.configuration.discussion.contains("For example:"))
        #expect(command.configuration.abstract.hasSuffix("."))
    }

    @Test func tellsUsageFromConfiguration() throws {
        func status(_ origins: SettingOrigin...) -> Int32 {
            var flags = ConfigurationFlags()
            flags.dataFolder = "/nonexistent"
            var environment: [String: String] = [:]
            for origin in origins {
                switch origin {
                case .flag("--config"): flags.configurationFile = "/nonexistent/file"
                case .flag: flags.logLevel = "loud"
                case .environment, .file, .standard, .command: environment["BRISTLECONE_THREADS"] = "x"
                }
            }
            do {
                _ = try EffectiveConfiguration.load(flags: flags, environment: environment)
                return 0
            } catch {
                return error.exitStatus.rawValue
            }
        }
        #expect(status() == 0)
        #expect(status(.flag("--log-level")) == 64)
        #expect(status(.flag("--config")) == 78)
        #expect(status(.environment(variable: "")) == 78)
        #expect(status(.flag("--log-level"), .environment(variable: "")) == 78)
    }
}
