internal import Glibc
internal import IPv8
internal import Synchronization

/// Threads that run shards up to the same moment, again and again. Each takes the next shard that nobody has taken.
///
/// A window often holds less than a millisecond of work, so threads watch for the next one rather than sleep. One that the
/// operating system holds up is not waited for unless it has taken a shard.
final class Crew: Sendable {
    nonisolated(unsafe) private let shards: [Shard]
    /// The end of the window; written between windows only.
    nonisolated(unsafe) private var windowEnd = Instant.distantPast
    private let taken: Atomic<Taken>
    private let doneCount = Atomic<Int>(0)
    private let isDismissed = Atomic<Bool>(false)

    /// How many shards of which window have been taken: one word, so that a shard is taken of a window or not at all.
    ///
    /// Nobody reads the ``windowEnd`` of another window. Who has taken a shard has seen the window's number and its own
    /// place in the same word, unchanged; and a window is not over, nor its end written over, before all shards that were
    /// taken of it are done. Who was held up with an old word finds another one there, and takes nothing.
    ///
    /// What is in shards, and the window's end, goes with two pairs of orderings: from the caller to the threads with the
    /// word, released by ``run(until:)`` and acquired by ``runNext()``, also by way of others that have taken a shard in
    /// between; and back to the caller with `doneCount`, released by each thread and acquired by the caller at the end. So
    /// what one thread did to a shard reaches the next by way of the caller.
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

    /// For how many looks at what is to be taken a thread keeps its core, and for how many more before it sleeps a little.
    private static let looksWithoutYielding = 2000
    private static let looksWithoutSleeping = 20_000
    private static let sleepMicroseconds: UInt32 = 100

    /// Puts threads to work, one for each core but the caller's.
    init(for shards: [Shard]) {
        self.shards = shards
        taken = Atomic(Taken(window: 0, count: UInt32(shards.count)))
        let coreCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        for _ in 1..<max(1, min(coreCount, shards.count)) { startThread() }
    }

    /// Has everything happen that is due before a moment, on all machines.
    func run(until end: Instant) {
        windowEnd = end
        doneCount.store(0, ordering: .relaxed)
        let window = taken.load(ordering: .relaxed).window &+ 1
        taken.store(Taken(window: window, count: 0), ordering: .releasing)
        while runNext() {}
        var looks = 0
        while doneCount.load(ordering: .acquiring) < shards.count { Crew.wait(&looks) }
    }

    /// Sends the threads home.
    func dismiss() { isDismissed.store(true, ordering: .relaxed) }

    /// Runs a shard that nobody has taken yet; `false` if there is none.
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
        // The world is run all the same, by those that are there.
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
