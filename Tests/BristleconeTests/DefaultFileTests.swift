import TestSupport
import Testing

@testable import Bristlecone

@Suite struct DefaultFileTests {
    /// The file with all its settings switched on: what comes right behind a "#" is a setting, what has one space in
    /// front is prose.
    private var switchedOn: String {
        DefaultFile.text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let trimmed = line.drop { $0 == " " }
            let isProse = trimmed.hasPrefix("# ") && !trimmed.hasPrefix("#  ") || trimmed == "#"
            guard trimmed.first == "#", !isProse else { return String(line) }
            return String(line.prefix(line.count - trimmed.count) + trimmed.dropFirst())
        }.joined(separator: "\n")
    }

    @Test func setsNothingAsItIs() throws {
        let folder = try TemporaryFolder()
        try folder.write(DefaultFile.name, DefaultFile.text)
        var flags = ConfigurationFlags()
        flags.dataFolder = folder.path
        let configuration = try EffectiveConfiguration.load(flags: flags, environment: [:])
        #expect(configuration.file == folder.file(DefaultFile.name))
        #expect(SettingName.allCases.filter { configuration.origin(of: $0) != .standard } == [.data])
    }

    @Test func holdsExactlyTheDefaultsWhenSwitchedOn() throws {
        let folder = try TemporaryFolder()
        try folder.write("all.yaml", switchedOn)
        var flags = ConfigurationFlags()
        flags.configurationFile = folder.file("all.yaml")
        let configuration = try EffectiveConfiguration.load(flags: flags, environment: [:])
        #expect(configuration.settings == NodeSettings())
        for setting in SettingName.allCases { #expect(configuration.origin(of: setting).layer == .file, "\(setting)") }
    }

    @Test(arguments: SettingName.allCases)
    func documentsEverySetting(setting: SettingName) throws {
        #expect(setting.documentation.hasSuffix("."))
        let firstWords = setting.documentation.split(separator: " ").prefix(4).joined(separator: " ")
        #expect(DefaultFile.text.contains("# \(firstWords)"))
    }

    @Test func keepsItsLinesShort() {
        for line in DefaultFile.text.split(separator: "\n") { #expect(line.count <= 120) }
    }
}
