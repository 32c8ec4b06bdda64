internal import Glibc
internal import IPv8
internal import Synchronization

/// Threads that run shards up to the same moment, again and again. Each thread takes the next free shard.
///
/// A window often has less than a millisecond of work, so threads poll for the next one instead of sleeping. Nobody
/// waits for a thread that the operating system delays, unless it has taken a shard.
final class Crew: Sendable {
    nonisolated(unsafe) private let shards: [Shard]
    /// The end of the window; written between windows only.
    nonisolated(unsafe) private var windowEnd = Instant.distantPast
    private let taken: Atomic<Taken>
    private let doneCount = Atomic<Int>(0)
    private let isDismissed = Atomic<Bool>(false)

    /// How many shards of which window have been taken, in one word, so that a shard is taken for a window or not at
    /// all.
    ///
    /// No thread reads the ``windowEnd`` of another window. A thread that takes a shard has seen the window's number
    /// and the shard's in the same word, unchanged. A window ends, and its end is overwritten, only after all shards
    /// that were taken for it are done. A delayed thread with an old word finds a new one there, and takes nothing.
    ///
    /// Two pairs of orderings publish the shards and the window's end. From the caller to the threads: ``run(until:)``
    /// releases the word and ``runNext()`` acquires it, also through other threads that have taken a shard in between.
    /// Back to the caller: each thread releases `doneCount`, and the caller acquires it at the end. So one thread's
    /// changes to a shard reach the next thread through the caller.
    private struct Taken: AtomicRepresentable {
        typealias AtomicRepresentation = UInt64.AtomicRepresentation

        var window: UInt32
        var count: UInt32

        static func encodeAtomicRepresentation(_ value: consuming Taken) -> AtomicRepresentation {
            UInt64.encodeAtomicRepresentation(UInt64(value.window) << 32 | UInt64(value.count))
        }

        static func decodeAtomicRepresentation(_ storage: consuming AtomicRepresentation) -> Taken {
            let word = UInt64.decodeAtomicRepresentation(storage)
            return Taken(window: UInt32(truncatingIfNeeded: word >> 32), count: UInt32(truncatingIfNeeded: word))
        }
    }

    /// How often a thread polls while it keeps its core, and how often more before it sleeps briefly.
    private static let looksWithoutYielding = 2000
    private static let looksWithoutSleeping = 20_000
    private static let sleepMicroseconds: UInt32 = 100

    /// Starts threads, one for each core except the caller's.
    init(for shards: [Shard]) {
        self.shards = shards
        taken = Atomic(Taken(window: 0, count: UInt32(shards.count)))
        let coreCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        for _ in 1..<max(1, min(coreCount, shards.count)) { startThread() }
    }

    /// Runs all events before a moment, on all machines.
    func run(until end: Instant) {
        windowEnd = end
        doneCount.store(0, ordering: .relaxed)
        let window = taken.load(ordering: .relaxed).window &+ 1
        taken.store(Taken(window: window, count: 0), ordering: .releasing)
        while runNext() {}
        var looks = 0
        while doneCount.load(ordering: .acquiring) < shards.count { Crew.wait(&looks) }
    }

    /// Stops the threads.
    func dismiss() { isDismissed.store(true, ordering: .relaxed) }

    /// Runs a free shard; `false` if there is none.
    private func runNext() -> Bool {
        var seen = taken.load(ordering: .acquiring)
        while true {
            let place = Int(seen.count)
            guard place < shards.count else { return false }
            let (isOurs, current) = taken.weakCompareExchange(
                expected: seen, desired: Taken(window: seen.window, count: seen.count + 1),
                ordering: .acquiringAndReleasing)
            guard isOurs else {
                seen = current
                continue
            }
            shards[place].run(until: windowEnd)
            doneCount.add(1, ordering: .releasing)
            return true
        }
    }

    private func startThread() {
        var thread = pthread_t()
        let crew = Unmanaged.passRetained(self)
        let status = pthread_create(&thread, nil, Crew.work, crew.toOpaque())
        // The world runs anyway, with the threads that exist.
        guard status == 0 else { return crew.release() }
        pthread_detach(thread)
    }

    private static let work: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { return nil }
        let crew = Unmanaged<Crew>.fromOpaque(argument).takeRetainedValue()
        var looks = 0
        while !crew.isDismissed.load(ordering: .relaxed) {
            if crew.runNext() { looks = 0 } else { Crew.wait(&looks) }
        }
        return nil
    }

    private static func wait(_ looks: inout Int) {
        looks += 1
        if looks > looksWithoutSleeping {
            usleep(sleepMicroseconds)
        } else if looks > looksWithoutYielding {
            sched_yield()
        }
    }
}
