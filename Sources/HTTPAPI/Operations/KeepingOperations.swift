package import Bristlecone
internal import HTTPTypes
internal import IPv8

/// Pins to add and to remove.
package struct PinChange: Codable, Sendable, Equatable {
    /// What is to be kept for good.
    package var add: [KeepSubject]?
    /// What is to be kept like any other values again.
    package var remove: [KeepSubject]?

    package init(add: [KeepSubject] = [], remove: [KeepSubject] = []) { (self.add, self.remove) = (add, remove) }
}

/// What is to be erased.
package struct ForgetRequest: Codable, Sendable, Equatable {
    package var key: Target?
    package var signer: Mid?
    /// Whether the node refuses its values from now on.
    package var block: Bool?

    package init(_ subject: KeepSubject, block: Bool = false) {
        switch subject {
        case .key(let target): key = target
        case .signer(let mid): signer = mid
        }
        self.block = block
    }

    func subject() throws(NodeError) -> KeepSubject {
        switch (key, signer) {
        case (let key?, nil): return .key(key)
        case (nil, let signer?): return .signer(signer)
        case (nil, nil), (_?, _?): throw NodeError(.invalidArgument, "Give a key or a signer, one of them.")
        }
    }
}

extension ForgetRequest: SchemaDescribed {
    static var schema: Schema {
        .keyOrSigner(with: [Schema.Member(name: "block", schema: .nullable(.boolean), isOptional: true)])
    }
    static var example: ForgetRequest { ForgetRequest(.example) }
}

extension Operations {
    package static let pins = Operation<Nothing, Nothing, PinsReport>(
        "pins", .get, "/pins", "What is pinned, and how well the DHT holds each pinned key.", patience: .seconds(60)
    ) { api, _, _, _ in
        PinsReport(try await api.node.pins(), health: try await api.node.replicaHealth())
    }

    package static let changePins = Operation<Nothing, PinChange, PinChangeReport>(
        "change_pins", .post, "/pins", "Pins and unpins keys and signers, up to ten thousand in one request.",
        access: .write, patience: .seconds(60)
    ) { api, _, change, _ in
        try await api.node.changePins(adding: change.add ?? [], removing: change.remove ?? [])
    }

    package static let forget = Operation<Nothing, ForgetRequest, ForgetReport>(
        "forget", .post, "/forget", "Erases everything that this node keeps of a key or a signer, for good.",
        access: .write, patience: .seconds(3600)
    ) { api, _, request, _ in
        let subject = try request.subject()
        let block = request.block ?? false
        return ForgetReport(
            subject: subject, erasedRecords: try await api.node.forget(subject, block: block), isBlocked: block)
    }

    package static let unblock = Operation<Nothing, ForgetRequest, ForgetReport>(
        "unblock", .post, "/unblock", "Accepts values of a key or a signer again that was blocked.", access: .write
    ) { api, _, request, _ in
        let subject = try request.subject()
        try await api.node.unblock(subject)
        return ForgetReport(subject: subject, erasedRecords: 0, isBlocked: false)
    }
}
