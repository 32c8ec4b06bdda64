internal import Archive
internal import DHTCore
internal import IPv8
internal import Maintenance
internal import NIOCore
internal import Platform

/// Makes changes durable, all that arrive while one commit is being written in the next one.
///
/// Confined to the event loop, but for the commit itself, which runs on the one thread that writes the archive.
/// Idle, or with one commit under way; never with two.
final class GroupCommit {
    /// A change, and what is to be told when it is durable.
    struct Item: Sendable {
        var change: ArchiveChange
        var completion: WorkID?
        /// Kept when the change is durable or refused, and failed if it cannot be written.
        var outcome: EventLoopPromise<ArchiveOutcome>?
    }

    private let archive: Archive
    private let eventLoop: any EventLoop
    private let writer: SerialWorker
    private let events: EventHub
    private let pulse: Pulse
    private var waiting: [Item] = []
    /// The changes of the commit under way.
    private var writing: [Item] = []
    private var isWriting: Bool { !writing.isEmpty }
    /// Whether the last stores were all taken: else the next ones may be refused too. Before the first, nobody knows.
    private var takesStores = false
    private var idleWaiters: [EventLoopPromise<Void>] = []

    /// How many changes one transaction takes: enough for the cost of the sync to vanish, few enough for the first of
    /// them not to wait long.
    private static let itemsMax = 512
    /// How many changes may wait that have been promised.
    private static let promisesMax = 4096

    /// - Parameter writer: the worker that writes the archive; the commits of an import take turns with these.
    init(archive: Archive, writer: SerialWorker, events: EventHub, pulse: Pulse, eventLoop: any EventLoop) {
        self.archive = archive
        self.writer = writer
        self.events = events
        self.pulse = pulse
        self.eventLoop = eventLoop
    }

    /// Whether a store may be promised before it is written: the archive can be written and takes what it is given,
    /// nothing of this is barred, and not too much waits already.
    func canPromise(_ store: StoreChange) -> Bool {
        guard archive.isWritable, takesStores, waiting.count < GroupCommit.promisesMax else { return false }
        let signers = store.entries.compactMap(\.signature).map { ArchiveSubject.signer($0.signer.mid) }
        return (try? archive.isBlocked(anyOf: [.key(store.target)] + signers)) == false
    }

    /// The highest version of a signer under a key, in the archive or on its way there; `nil` if there is none.
    func lastVersion(of target: Target, signer: Mid) throws(ArchiveError) -> Version? {
        eventLoop.assertInEventLoop()
        var last = try archive.lastVersion(of: target, signer: signer)
        for items in [writing, waiting] {
            for case .store(let store) in items.lazy.map(\.change) where store.target == target {
                for case let signature? in store.entries.map(\.signature) where signature.signer.mid == signer {
                    last = max(last ?? signature.version, signature.version)
                }
            }
        }
        return last
    }

    /// Takes a change in; it is written when ``write(at:then:)`` is called next, or after the commit under way.
    func add(_ item: Item) { waiting.append(item) }

    /// What a commit came to.
    enum Completion: Sendable {
        /// What became of each change that somebody waits for, and what there was too little of, if anything.
        case durable([(WorkID, CommitOutcome)], shortage: Refusal?)
        /// Nothing was written.
        case failed([WorkID], ArchiveError)
    }

    /// Writes what waits, unless a commit is under way; and again, until nothing waits.
    ///
    /// - Parameter clock: tells the time at which each commit begins, and whether it is to be trusted.
    /// - Parameter deliver: is called on the event loop after each commit.
    func write(
        clock: @escaping @Sendable () -> ClockMoment, then deliver: @escaping @Sendable (Completion) -> Void
    ) {
        eventLoop.assertInEventLoop()
        guard !isWriting else { return }
        guard !waiting.isEmpty else {
            for waiter in idleWaiters { waiter.succeed() }
            return idleWaiters.removeAll()
        }
        let items = Array(waiting.prefix(GroupCommit.itemsMax))
        writing = items
        waiting.removeFirst(items.count)
        let loopBound = NIOLoopBound(self, eventLoop: eventLoop)
        let end: @Sendable (Written?) -> Void = { [eventLoop] written in
            Written.keepPromises(of: items, written)
            eventLoop.execute {
                let commit = loopBound.value
                commit.writing.removeAll()
                if let written {
                    commit.takesStores = written.takesStores ?? commit.takesStores
                    deliver(written.completion)
                }
                commit.write(clock: clock, then: deliver)
            }
        }
        pulse.commitBegan()
        writer.submit(
            { [archive, events, pulse] in
                let begun = ContinuousClock.now
                let written = Written(items, to: archive, at: clock(), telling: events)
                pulse.commitEnded(
                    changes: items.count, after: ContinuousClock.now - begun, isDurable: written.isDurable)
                end(written)
            },
            ifStopped: { [pulse] in
                pulse.commitGivenUp()
                end(nil)
            })
    }

    /// What one transaction came to.
    private struct Written: Sendable {
        let completion: Completion
        var isDurable: Bool { if case .durable = completion { true } else { false } }
        /// Whether all stores among the changes were taken; `nil` where there were none.
        let takesStores: Bool?
        /// What became of each change; none if nothing was written.
        private let outcomes: [ArchiveOutcome]

        init(_ items: [Item], to archive: Archive, at moment: ClockMoment, telling events: EventHub) {
            do throws(ArchiveError) {
                outcomes = try archive.commit(
                    items.map(\.change), at: moment.now, clockIsSteady: moment.isSteady)
                completion = .durable(
                    zip(items, outcomes).compactMap { item, outcome in
                        item.completion.map { ($0, CommitOutcome(outcome)) }
                    }, shortage: outcomes.lazy.compactMap(\.shortage).first)
                let stores = outcomes.filter { if case .store = $0 { true } else { false } }
                takesStores = stores.isEmpty ? nil : stores.allSatisfy { CommitOutcome($0) != .refused }
                if events.isRead { for (item, outcome) in zip(items, outcomes) { events.send(item.change, outcome) } }
            } catch {
                outcomes = []
                completion = .failed(items.compactMap(\.completion), error)
                takesStores = false
            }
        }

        /// Tells those who wait for a single change.
        static func keepPromises(of items: [Item], _ written: Written?) {
            let error: NodeError? =
                switch written?.completion {
                case .durable?: nil
                case .failed(_, let error)?: NodeError(error)
                case nil: .notRunning
                }
            for (place, item) in items.enumerated() {
                if let error { item.outcome?.fail(error) }
                if let written, error == nil { item.outcome?.succeed(written.outcomes[place]) }
            }
        }
    }

    /// Succeeds once nothing waits and nothing is being written.
    func whenIdle() -> EventLoopFuture<Void> {
        guard isWriting || !waiting.isEmpty else { return eventLoop.makeSucceededVoidFuture() }
        let promise = eventLoop.makePromise(of: Void.self)
        idleWaiters.append(promise)
        return promise.futureResult
    }
}

extension ArchiveOutcome {
    /// What the whole archive has too little room of for this, if so.
    fileprivate var shortage: Refusal? {
        let refusals: [Refusal] =
            switch self {
            case .store(let outcomes):
                outcomes.compactMap { if case .refused(let refusal) = $0 { refusal } else { nil } }
            case .refused(let refusal): [refusal]
            case .tokenSecrets, .done: []
            }
        return refusals.first { $0 == .quota || $0 == .diskReserve }
    }
}

extension CommitOutcome {
    /// What an outcome of the archive means for an acknowledgement.
    init(_ outcome: ArchiveOutcome) {
        switch outcome {
        case .store(let outcomes): self.init(outcomes)
        case .tokenSecrets, .done: self = .held
        case .refused: self = .refused
        }
    }

    private init(_ outcomes: [StoreOutcome]) {
        let isReplaced = outcomes.contains { $0 == .superseded || $0 == .kept }
        self = !outcomes.allSatisfy(\.isHeld) ? .refused : isReplaced ? .superseded : .held
    }
}

extension EventHub {
    /// Tells which values of a change are on disk now and were not before.
    fileprivate func send(_ change: ArchiveChange, _ outcome: ArchiveOutcome) {
        guard case .store(let store) = change, case .store(let outcomes) = outcome else { return }
        for (entry, outcome) in zip(store.entries, outcomes) where outcome == .stored || outcome == .replaced {
            let signature = entry.signature
            send(
                .valueStored(
                    key: store.target, signer: signature?.signer.mid, version: signature?.version.number))
        }
    }
}
