import Testing

@testable import Bristlecone

@Suite struct FileLimitTests {
    @Test func countsNoFurtherThanItIsAsked() {
        #expect(FileLimit.free(upTo: 0) == 0)
        #expect(FileLimit.free(upTo: 7) == 7)
    }

    @Test func leavesRoomBesideConnectionsOfTheAPI() {
        #expect((2...512).contains(FileLimit.apiConnections))
    }
}
