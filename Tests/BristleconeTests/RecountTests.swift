import Dispatch
import Platform
import Synchronization
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

    @Test func whatWasCountedBeforeIsForgotten() async throws {
        let worker = SerialWorker("count")
        let (begun, end) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let figure = Mutex(0)
        let recount = Recount(on: worker) {
            let seen = figure.withLock(\.self)
            begun.signal()
            end.wait()
            return seen
        }
        recount.begin()
        begun.wait()
        figure.withLock { $0 = 7 }
        recount.restart()
        end.signal()
        end.signal()
        #expect(try await recount.value() == 7)
        await worker.stop()
    }
}
