import Dispatch
import Platform
import Synchronization
import Testing

@Suite struct SerialWorkerTests {
    @Test(arguments: [false, true]) func doesOneThingAfterTheOtherInTheirOrder(isBackground: Bool) async {
        let worker = SerialWorker("test", isBackground: isBackground)
        let done = Mutex<[Int]>([])
        let running = Atomic(0)
        for number in 0..<1000 {
            worker.submit {
                #expect(running.add(1, ordering: .relaxed).newValue == 1)
                done.withLock { $0.append(number) }
                running.subtract(1, ordering: .relaxed)
            }
        }
        #expect(await worker.run { done.withLock { $0.count } } == 1000)
        #expect(done.withLock { $0 } == Array(0..<1000))
    }

    @Test(arguments: [false, true]) func endsTheWorkUnderWayAndDropsTheRestWhenItStops(isBackground: Bool) async {
        let worker = SerialWorker("test", isBackground: isBackground)
        let (begun, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let log = Mutex<[String]>([])
        worker.submit {
            begun.signal()
            goOn.wait()
            log.withLock { $0.append("ended") }
        }
        worker.submit(
            { log.withLock { $0.append("begun too late") } }, ifStopped: { log.withLock { $0.append("dropped") } })
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                begun.wait()
                continuation.resume()
            }
        }
        worker.endSoon()
        goOn.signal()
        await worker.stop()
        #expect(log.withLock { $0 } == ["ended", "dropped"])
        #expect(await worker.run { 1 } == nil)
    }
}
