internal import Archive
internal import DHTCore
internal import IPv8
internal import Maintenance
internal import NIOCore

/// Storing many values of the operator.
extension NodeLoop {
    /// What became of a value.
    enum BulkOutcome: Sendable {
        case stored(Entry)
        /// Why not, a sentence.
        case refused(String)
    }

    /// Signs values and stores them in the archive with the next commit; throws if that fails for all of them. As for a
    /// single value, the version is chosen and the commit begun in one turn.
    func store(_ values: [BulkValue], signedBy key: PrivateKey) async throws(NodeError) -> [BulkOutcome] {
        let outcomes = await ask { [self] in
            let outcomes = values.map { keep($0, signedBy: key) }
            flush()
            return EventLoopFuture.whenAllComplete(outcomes, on: eventLoop).map { Optional($0) }
        }
        guard let outcomes else { throw .notRunning }
        var all: [BulkOutcome] = []
        for outcome in outcomes {
            switch outcome {
            case .success(let outcome): all.append(outcome)
            case .failure(let error): throw error as? NodeError ?? .notRunning
            }
        }
        return all
    }

    private func keep(_ value: BulkValue, signedBy key: PrivateKey) -> EventLoopFuture<BulkOutcome> {
        guard !isStopping else { return eventLoop.makeFailedFuture(NodeError.notRunning) }
        let entry: Entry
        do {
            entry =
                value.signed ? try sign(value.data, under: value.key, with: key) : try Entry(unsigned: value.data)
        } catch {
            return eventLoop.makeSucceededFuture(.refused("\(error)"))
        }
        let change = StoreChange(
            target: value.key, entries: [entry], expiresAt: moment.now + servedFor, provenance: .publishedHere)
        let promise = eventLoop.makePromise(of: ArchiveOutcome.self)
        commits.add(GroupCommit.Item(change: .store(change), completion: nil, outcome: promise))
        return promise.futureResult.map { outcome in
            switch CommitOutcome(outcome) {
            case .held: .stored(entry)
            case let other: .refused(NodeError(other).message)
            }
        }
    }
}
