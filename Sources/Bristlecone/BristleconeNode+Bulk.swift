internal import Archive
package import IPv8
internal import Maintenance

/// What the operator does to many keys, signers or values at once. Everything happens in steps, so that stores of others
/// do not wait for all of it; an error in the middle says how much was done before it.
extension BristleconeNode {
    /// How many keys, signers or values one request may have.
    package static let bulkMax = 10_000

    /// What the operator can say about a key or a signer.
    package enum Mark: Sendable {
        /// Keep its values for good.
        case pin
        /// Refuse its values.
        case block
    }

    /// Pins and unpins, or blocks and unblocks, many keys and signers.
    package func change(
        _ mark: Mark, adding: [KeepSubject] = [], removing: [KeepSubject] = []
    ) async throws(NodeError) -> SubjectChangeReport {
        let changes =
            adding.map { mark.change(adding: $0.ofArchive) } + removing.map { mark.change(removing: $0.ofArchive) }
        try BristleconeNode.refuseTooMany(changes.count)
        var report = SubjectChangeReport(added: 0, removed: 0, unchanged: 0)
        for start in stride(from: 0, to: changes.count, by: BristleconeNode.changesPerCommit) {
            let step = changes[start..<min(start + BristleconeNode.changesPerCommit, changes.count)]
            let moment = loop.moment
            let outcomes = try await BristleconeNode.telling(start, of: changes.count) { () throws(NodeError) in
                try await threads.housekeeper.run { (archive) throws(ArchiveError) in
                    try archive.commit(Array(step), at: moment.now, clockIsSteady: moment.isSteady)
                }
            }
            for (place, outcome) in zip(step.indices, outcomes) {
                switch outcome {
                case .refused(let refusal):
                    let done = report.added + report.removed + report.unchanged
                    throw BristleconeNode.error(NodeError(refusal), done: done, of: changes.count)
                case .done(changed: false): report.unchanged += 1
                default: place < adding.count ? (report.added += 1) : (report.removed += 1)
                }
            }
        }
        return report
    }

    private static let changesPerCommit = 1000

    /// Erases everything stored under keys or by signers, for good, in one walk over the archive.
    ///
    /// - Returns: how many records were erased.
    package func forget(_ subjects: [KeepSubject], block: Bool) async throws(NodeError) -> Int {
        try BristleconeNode.refuseTooMany(subjects.count)
        var erasure = Archive.Erasure(of: Set(subjects.map(\.ofArchive)), block: block)
        // In steps, so that neither the end of the node nor what others ask for waits for the last of them.
        while !erasure.isDone {
            let now = loop.moment.now
            do throws(NodeError) {
                erasure = try await threads.housekeeper.run { [erasure] (archive) throws(ArchiveError) in
                    var erasure = erasure
                    try archive.advance(&erasure, at: now)
                    return erasure
                }
            } catch {
                guard erasure.erasedCount > 0 else { throw error }
                throw NodeError(
                    error.code,
                    "\(error.message) \(erasure.erasedCount) records were erased before that; repeat it for the rest.")
            }
        }
        return erasure.erasedCount
    }

    /// Stores many values in the archive, and then on other nodes. When this returns, what it counts as stored is on the
    /// disk; other nodes get it in the background, at the pace of republishing.
    ///
    /// Nothing is stored if a value of the request can never be: it is too long, or what it belongs to is blocked.
    package func storeValues(_ values: [BulkValue]) async throws(NodeError) -> BulkStoreReport {
        try BristleconeNode.refuseTooMany(values.count)
        for (index, value) in values.enumerated() {
            if let error = refusal(of: value) {
                throw NodeError(error.code, "Value \(index) of the request: \(error.message) Nothing was stored.")
            }
        }
        var report = BulkStoreReport()
        var underWay: BulkStep?
        // Values are signed while those before them are being written.
        for start in stride(from: 0, to: values.count, by: BristleconeNode.valuesPerStep) {
            let next = begin(start, values[start..<min(start + BristleconeNode.valuesPerStep, values.count)])
            defer { underWay = next }
            guard let step = underWay else { continue }
            do throws(NodeError) {
                try await finish(step, &report)
            } catch {
                try? await finish(next, &report)
                throw BristleconeNode.error(error, done: report.stored, of: values.count)
            }
        }
        guard let step = underWay else { return report }
        try await BristleconeNode.telling(report.stored, of: values.count) { () throws(NodeError) in
            try await finish(step, &report)
        }
        return report
    }

    /// A part of a request that is being stored.
    private struct BulkStep {
        /// The place of its first value in the request.
        let start: Int
        let values: [BulkValue]
        let outcomes: Task<Result<[NodeLoop.BulkOutcome], NodeError>, Never>
    }

    private func begin(_ start: Int, _ values: ArraySlice<BulkValue>) -> BulkStep {
        let values = Array(values)
        let (loop, key) = (loop, folder.identity)
        return BulkStep(
            start: start, values: values,
            outcomes: Task {
                do throws(NodeError) {
                    return .success(try await loop.store(values, signedBy: key))
                } catch {
                    return .failure(error)
                }
            })
    }

    /// Waits until a part is on the disk, and has it stored on other nodes.
    private func finish(_ step: BulkStep, _ report: inout BulkStoreReport) async throws(NodeError) {
        var published: [BulkPublisher.Item] = []
        for (offset, outcome) in try await step.outcomes.value.get().enumerated() {
            switch outcome {
            case .stored(let entry):
                report.stored += 1
                published.append(BulkPublisher.Item(target: step.values[offset].key, entry: entry))
            case .refused(let reason): report.note(reason, of: step.start + offset)
            }
        }
        report.publishing += publisher.add(published)
    }

    /// The event loop signs that many values before it does anything else.
    private static let valuesPerStep = 128

    /// Why a value can never be stored: it is too long, or blocked. `nil` if it can.
    func refusal(of value: BulkValue) -> NodeError? {
        let key = value.signed ? folder.identity.publicKey : nil
        if let refusal = ValueLimit.refusal(byteCount: value.data.count, signedWith: key?.level) { return refusal }
        do throws(NodeError) {
            try refuseBlocked(value.key, signer: key?.mid)
            return nil
        } catch {
            return error
        }
    }

    private static func refuseTooMany(_ count: Int) throws(NodeError) {
        guard count > bulkMax else { return }
        throw NodeError(
            .invalidArgument, "The request has \(count) items; it can have \(bulkMax). Send several requests.")
    }

    /// Adds to an error how much was done before it.
    private static func telling<Value>(
        _ done: Int, of total: Int, _ body: () async throws(NodeError) -> Value
    ) async throws(NodeError) -> Value {
        do throws(NodeError) {
            return try await body()
        } catch {
            throw BristleconeNode.error(error, done: done, of: total)
        }
    }

    private static func error(_ error: NodeError, done: Int, of total: Int) -> NodeError {
        guard total > 1 else { return error }
        return NodeError(error.code, "\(error.message) \(done) of \(total) were done before that.")
    }
}

/// A value to be stored with many others.
package struct BulkValue: Sendable {
    package var key: Target
    package var data: [UInt8]
    /// Whether the node signs it.
    package var signed: Bool

    package init(key: Target, data: [UInt8], signed: Bool) { (self.key, self.data, self.signed) = (key, data, signed) }
}

extension BristleconeNode.Mark {
    fileprivate func change(adding subject: ArchiveSubject) -> ArchiveChange {
        switch self {
        case .pin: .pin(subject)
        case .block: .block(subject)
        }
    }

    fileprivate func change(removing subject: ArchiveSubject) -> ArchiveChange {
        switch self {
        case .pin: .unpin(subject)
        case .block: .unblock(subject)
        }
    }
}

extension BulkStoreReport {
    fileprivate mutating func note(_ reason: String, of index: Int) {
        refused += 1
        if refusals.count < BulkStoreReport.refusalsMax { refusals.append(Refused(index: index, reason: reason)) }
    }
}
