import Testing

@testable import Bristlecone

@Suite struct SpellingTests {
    private let names = SettingName.allCases.map(\.rawValue)

    @Test(arguments: [
        ("theads", "threads"), ("lisetn", "listen"), ("Listen", "listen"), ("peer", "peers"),
        ("archive.size-limit", "archive.size_limit"), ("size_limit", "archive.size_limit"),
        ("archive.disk_resrve", "archive.disk_reserve"), ("log-level", "log.level"),
    ])
    func findsWhatWasMeant(written: String, meant: String) {
        #expect(Spelling.nearest(to: written, among: names) == meant)
    }

    @Test(arguments: ["", "x", "retention", "smtp.server"])
    func findsNothingFarAway(written: String) {
        #expect(Spelling.nearest(to: written, among: names) == nil)
    }
}
