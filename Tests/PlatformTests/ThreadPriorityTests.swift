import Platform
import Testing

@Suite struct ThreadPriorityTests {
    @Test func backgroundWorkersAreLoweredAndOthersStay() async {
        let usual = ThreadPriority.current
        let (worker, background) = (SerialWorker("test"), SerialWorker("test", isBackground: true))
        for _ in 0..<20 {
            #expect(await worker.run { ThreadPriority.current } == usual)
            #expect(await background.run { ThreadPriority.current } == min(usual + ThreadPriority.steps, 19))
        }
        await worker.stop()
        await background.stop()
    }
}
