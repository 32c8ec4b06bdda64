import Glibc
import Testing

@testable import Bristlecone

@Suite struct FileLimitTests {
    @Test func countsWhatCanStillBeOpened() throws {
        #expect(FileLimit.free(upTo: 0) == 0)
        #expect(FileLimit.free(upTo: 7) == 7)
        var limit = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        #expect(FileLimit.free(upTo: .max) < Int(limit.rlim_cur), "this process has some open")
    }

    @Test func leavesRoomBesideControlConnections() {
        #expect((2...ControlServer.connectionsMax).contains(FileLimit.controlConnections))
    }
}
