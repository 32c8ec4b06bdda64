package import Bristlecone
internal import HTTPTypes
internal import IPv8

/// Which pins are wanted.
package struct PinsParameters: Codable, Sendable, Equatable {
    package var cursor: Cursor?
    package var limit: Limit?
    /// The keys under which this signer has values, instead of the pins.
    package var signer: Mid?

    package init(cursor: Cursor? = nil, limit: Limit? = nil, signer: Mid? = nil) {
        (self.cursor, self.limit, self.signer) = (cursor, limit, signer)
    }
}

/// Pins, or blocks, to add and to remove.
package struct SubjectChange: Codable, Sendable, Equatable {
    /// What is to be pinned, or blocked.
    package var add: [KeepSubject]?
    /// What is to be treated like any other values again.
    package var remove: [KeepSubject]?

    package init(add: [KeepSubject] = [], remove: [KeepSubject] = []) { (self.add, self.remove) = (add, remove) }
}

/// What is to be erased, or not blocked any more.
package struct ForgetRequest: Codable, Sendable, Equatable {
    package var key: Target?
    package var signer: Mid?
    /// Many keys and signers, instead of one.
    package var subjects: [KeepSubject]?
    /// Whether the node refuses their values from now on.
    package var block: Bool?

    package init(_ subject: KeepSubject, block: Bool = false) {
        (key, signer, self.block) = (subject.key, subject.signer, block)
    }

    package init(_ subjects: [KeepSubject], block: Bool = false) { (self.subjects, self.block) = (subjects, block) }

    func all() throws(NodeError) -> [KeepSubject] {
        switch (key, signer, subjects) {
        case (let key?, nil, nil): return [.key(key)]
        case (nil, let signer?, nil): return [.signer(signer)]
        case (nil, nil, let subjects?): return subjects
        default: throw NodeError(.invalidArgument, "Give a key, a signer, or subjects, one of the three.")
        }
    }
}

extension [KeepSubject] {
    /// The subjects in a log line: one by its name, more by their number.
    fileprivate var words: String {
        switch (count, first) {
        case (1, .key(let target)?): "the key \(target)"
        case (1, .signer(let mid)?): "the signer \(mid)"
        default: "\(count) keys and signers"
        }
    }
}

extension ForgetRequest {
    fileprivate var subjectsOrNone: [KeepSubject] { (try? all()) ?? [] }
}

extension SubjectChange {
    /// What a change of pins or blocks has come to, in a log line.
    fileprivate func words(_ report: SubjectChangeReport, added: String, removed: String) -> String {
        let (add, remove) = (add ?? [], remove ?? [])
        let parts =
            (add.isEmpty ? [] : ["\(added) \(add.words)"]) + (remove.isEmpty ? [] : ["\(removed) \(remove.words)"])
        return parts.joined(separator: ", ")
            + ": \(report.added + report.removed) changed, \(report.unchanged) unchanged."
    }
}

extension ForgetRequest: SchemaDescribed {
    static var schema: Schema {
        let block = Schema.Member(name: "block", schema: .nullable(.boolean), isOptional: true)
        let many = Schema.Member(name: "subjects", schema: .array(KeepSubject.schema), isOptional: false)
        return .oneOf([
            .keyOrSigner(with: [block, .absent("subjects")]),
            .object([many, .absent("key"), .absent("signer"), block]),
        ])
    }
    static var example: ForgetRequest { ForgetRequest(.example) }
}

extension Operations {
    package static let pins = Operation<PinsParameters, Nothing, Page<PinReport>>(
        "pins", .get, "/pins",
        "What is pinned, keys before signers, and how well the DHT holds each pinned key; or the keys of a signer."
    ) { api, parameters, _, _ in
        let (place, limit) = (parameters.cursor?.bytes, (parameters.limit ?? .standard).count)
        guard let signer = parameters.signer else { return try await api.node.pinReports(from: place, limit: limit) }
        return try await api.node.keyReports(of: signer, from: place, limit: limit)
    }

    package static let changePins = Operation<Nothing, SubjectChange, SubjectChangeReport>(
        "change_pins", .post, "/pins", "Pins and unpins keys and signers, up to ten thousand in one request.",
        access: .write, patience: .seconds(60),
        audit: { _, change, report in change.words(report, added: "Pinned", removed: "Unpinned") }
    ) { api, _, change, _ in
        try await api.node.change(.pin, adding: change.add ?? [], removing: change.remove ?? [])
    }

    package static let changeBlocks = Operation<Nothing, SubjectChange, SubjectChangeReport>(
        "change_blocks", .post, "/blocks",
        "Blocks and unblocks keys and signers, up to ten thousand in one request. What is stored already stays.",
        access: .write, patience: .seconds(60),
        audit: { _, change, report in change.words(report, added: "Blocked", removed: "Unblocked") }
    ) { api, _, change, _ in
        try await api.node.change(.block, adding: change.add ?? [], removing: change.remove ?? [])
    }

    package static let forget = Operation<Nothing, ForgetRequest, ForgetReport>(
        "forget", .post, "/forget",
        "Erases everything that this node keeps of keys and signers, up to ten thousand in one request, for good.",
        access: .write, patience: .seconds(3600),
        audit: { _, request, report in
            "Forgot \(request.subjectsOrNone.words): \(report.erasedRecords) records erased"
                + (report.isBlocked ? ", and blocked from now on." : ".")
        }
    ) { api, _, request, _ in
        let subjects = try request.all()
        let block = request.block ?? false
        return ForgetReport(
            subjects, erasedRecords: try await api.node.forget(subjects, block: block), isBlocked: block)
    }

    package static let unblock = Operation<Nothing, ForgetRequest, ForgetReport>(
        "unblock", .post, "/unblock", "Does the same as `POST /blocks` with `remove`, which new programs should use.",
        access: .write,
        patience: .seconds(60), audit: { _, request, _ in "No longer blocks \(request.subjectsOrNone.words)." }
    ) { api, _, request, _ in
        let subjects = try request.all()
        _ = try await api.node.change(.block, removing: subjects)
        return ForgetReport(subjects, erasedRecords: 0, isBlocked: false)
    }
}
