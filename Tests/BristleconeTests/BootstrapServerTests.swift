import Testing

@testable import Bristlecone

@Suite struct BootstrapServerTests {
    @Test func knowsTheReferencesServersAndReadsThemBack() {
        let servers = BootstrapServer.reference
        #expect(servers.count == 20)
        #expect(Set(servers).count == 20)
        for server in servers { #expect(BootstrapServer(server.description) == server) }
    }

    @Test(arguments: ["tracker.example.org:6421", "192.0.2.1:6421", "[2001:db8::1]:6421", "localhost:1"])
    func readsNamesAndAddresses(text: String) {
        #expect(BootstrapServer(text)?.description == text)
    }

    @Test(arguments: [
        "", "tracker.example.org", "tracker:0", "tracker:65536", "1.2.3:5", "-a.org:1", "a..b:1", "a b:1", "0.0.0.0:1",
        ":1",
    ])
    func refusesAnythingElse(text: String) {
        #expect(BootstrapServer(text) == nil)
    }
}
