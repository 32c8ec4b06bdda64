internal import Archive
internal import DHTCore
internal import IPv8
internal import NIOCore
internal import NIOPosix
internal import Platform
internal import Synchronization

/// Does what takes long away from the event loop: checks signatures, makes them and sends what it signed, reads the
/// archive.
///
/// Work goes there in batches, and comes back in batches: one hop each way for as many as a burst of datagrams makes.
final class Workshop: Sendable {
    /// Something to be done.
    enum Work: Sendable {
        case verify(WorkID, Packet, [Entry])
        case load(WorkID, Target, offset: Int, limit: Int)
        case send(Message, to: Address, from: IPAddress?)

        /// Whether it begins a request or finishes one.
        var stage: WorkStage {
            switch self {
            case .verify: .begin
            case .load, .send: .finish
            }
        }
    }

    /// What has been done.
    enum Product: Sendable {
        case input(Input)
        case failedLoad(WorkID, ArchiveError, took: Duration)
    }

    private let pool: NIOThreadPool
    private let threadCount: Int
    private let key: PrivateKey
    private let archive: Archive
    private let sockets: [AddressFamily: DatagramSocket]
    private let verifier = SignatureVerifier()
    /// The batches that wait for a thread. For each of them the pool has been given one task, which takes the next.
    private let waiting = Mutex(LaneQueue<Batch>())

    /// Work that one thread does, one after the other.
    private struct Batch: Sendable {
        let work: [Work]
        let now: Instant
        let eventLoop: any EventLoop
        let deliver: @Sendable ([Product]) -> Void
    }

    /// A batch is parted among threads only if each then has this many pieces of work.
    private static let workPerThreadMin = 4
    /// How many pieces of work for strangers are done without a look at whether others wait.
    private static let strangersWorkMax = 16

    init(threadCount: Int, key: PrivateKey, archive: Archive, sockets: [AddressFamily: DatagramSocket]) {
        self.threadCount = threadCount
        self.key = key
        self.archive = archive
        self.sockets = sockets
        pool = NIOThreadPool(numberOfThreads: threadCount)
        pool.start()
    }

    /// Does the work of a stage of a lane and hands what it made to the event loop, part by part. Work for strangers waits
    /// while there is other work.
    func perform(
        _ work: [Work], of lane: Lane, _ stage: WorkStage, at now: Instant, on eventLoop: any EventLoop,
        then deliver: @escaping @Sendable ([Product]) -> Void
    ) {
        let share = max(Workshop.workPerThreadMin, (work.count + threadCount - 1) / threadCount)
        let partSize = lane == .strangers ? min(share, Workshop.strangersWorkMax) : share
        for start in stride(from: 0, to: work.count, by: partSize) {
            let part = Array(work[start..<min(start + partSize, work.count)])
            let batch = Batch(work: part, now: now, eventLoop: eventLoop, deliver: deliver)
            waiting.withLock { $0.add(batch, to: lane, stage) }
            pool.submit { [self] state in
                guard let next = waiting.withLock({ $0.takeNext() }), state == .active else { return }
                perform(next)
            }
        }
    }

    private func perform(_ batch: Batch) {
        let products = batch.work.compactMap { perform($0, at: batch.now) }
        if !products.isEmpty { batch.eventLoop.execute { batch.deliver(products) } }
    }

    private func perform(_ work: Work, at now: Instant) -> Product? {
        switch work {
        case .verify(let id, let packet, let entries):
            let isAuthentic = packet.isAuthentic(accordingTo: verifier)
            // Nobody asks about the entries of a forged packet.
            let entryVerdicts = entries.map { isAuthentic && $0.isAuthentic(accordingTo: verifier) }
            return .input(
                .signaturesChecked(
                    id, SignatureVerdict(packetIsAuthentic: isAuthentic, entriesAreAuthentic: entryVerdicts)))
        case .load(let id, let target, let offset, let limit):
            let usedBefore = SystemClock.usedByThread
            do throws(ArchiveError) {
                let values = try archive.page(of: target, offset: offset, limit: limit, at: now)
                return .input(.entriesLoaded(id, values, took: SystemClock.usedByThread - usedBefore))
            } catch {
                return .failedLoad(id, error, took: SystemClock.usedByThread - usedBefore)
            }
        case .send(let message, let address, let host):
            sockets[address.family]?.send(Packet.encode(message, signedBy: key), to: address, from: host)
            return nil
        }
    }

    /// Lets the threads end; work that is still waiting is not done.
    func shutdown() async { try? await pool.shutdownGracefully() }
}
