import Dispatch
import Platform
import Testing

@testable import Bristlecone

@Suite struct RecountTests {
    @Test func aLongCountIsNotAwaitedBeyondOnesPatience() async throws {
        let worker = SerialWorker("count")
        let end = DispatchSemaphore(value: 0)
        let recount = Recount(on: worker) {
            end.wait()
            return 7
        }
        await #expect(throws: NodeError.self) { try await recount.value(within: .milliseconds(10)) }
        end.signal()
        #expect(try await recount.value() == 7)
        await worker.stop()
    }
}
