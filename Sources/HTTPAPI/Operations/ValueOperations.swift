package import Bristlecone
internal import HTTPTypes
internal import IPv8

/// The key of a value, as a part of a path: 40 hexadecimal digits are the key itself, and any other text is hashed.
package struct KeyParameter: Codable, Sendable, Equatable {
    package var key: Target

    package init(_ key: Target) { self.key = key }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard !text.isEmpty else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "it is empty; give a text or 40 hexadecimal digits."))
        }
        key = Target(hex: text) ?? Target(hashing: text)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(key.description)
    }
}

extension KeyParameter: SchemaDescribed {
    static var schema: Schema {
        .string(
            Schema.Text(
                countMin: 1,
                description: "A key of 20 bytes in 40 hexadecimal digits; any other text is hashed with SHA-1."))
    }
    static var example: KeyParameter { KeyParameter(.example) }
}

/// Which key is meant.
package struct OneKey: Codable, Sendable, Equatable {
    package var key: KeyParameter

    package init(_ key: Target) { self.key = KeyParameter(key) }
}

/// How to look a key up.
package struct LookUpParameters: Codable, Sendable, Equatable {
    package var key: KeyParameter
    /// Whether only this node's own archive is asked.
    package var local: Bool?

    package init(_ key: Target, local: Bool) { (self.key, self.local) = (KeyParameter(key), local) }
}

/// A value to store.
package struct StoreRequest: Codable, Sendable, Equatable {
    /// The value, in hexadecimal digits.
    package var data: String?
    /// The value as a text, instead of `data`.
    package var text: String?
    /// Whether the node signs it; it does by default.
    package var signed: Bool?

    package init(data: [UInt8], signed: Bool) { (self.data, self.signed) = (Hex.encode(data), signed) }

    /// The value's bytes.
    func bytes() throws(NodeError) -> [UInt8] {
        switch (data, text) {
        case (let digits?, nil):
            guard let bytes = Hex.decode(digits) else {
                throw NodeError(.invalidArgument, "data is not an even number of hexadecimal digits, such as 00ff12.")
            }
            return bytes
        case (nil, let text?): return Array(text.utf8)
        case (nil, nil), (_?, _?):
            throw NodeError(.invalidArgument, "Give the value as data (hexadecimal digits) or as text, one of them.")
        }
    }
}

extension StoreRequest: SchemaDescribed {
    static var schema: Schema { schema(with: []) }

    /// - Parameter others: members besides those of a value.
    fileprivate static func schema(with others: [Schema.Member]) -> Schema {
        let signed = Schema.Member(name: "signed", schema: .nullable(.constant(true)), isOptional: true)
        let unsigned = Schema.Member(name: "signed", schema: .constant(false), isOptional: false)
        return .oneOf([
            value(of: ValueLimit.signedBytesMax(.curve25519) ?? 0, [signed] + others),
            value(of: ValueLimit.unsignedBytesMax, [unsigned] + others),
        ])
    }

    /// A value of so many bytes at most. Characters of a text can have more bytes than one; a schema cannot say that.
    private static func value(of bytesMax: Int, _ others: [Schema.Member]) -> Schema {
        let data = Schema.Text(
            pattern: "^([0-9a-fA-F]{2})*$", countMax: 2 * bytesMax,
            description: "The value's bytes, in hexadecimal digits; at most \(bytesMax) bytes.")
        let text = Schema.Text(
            countMax: bytesMax, description: "The value as a text; at most \(bytesMax) bytes of UTF-8.")
        return .oneOfTwo(
            Schema.Member(name: "data", schema: .string(data), isOptional: false),
            Schema.Member(name: "text", schema: .string(text), isOptional: false), with: others)
    }

    static var example: StoreRequest { StoreRequest(data: [], signed: true) }
}

/// Values to store in one go.
package struct StoreManyRequest: Codable, Sendable, Equatable {
    package var values: [KeyedValue]

    package init(_ values: [KeyedValue]) { self.values = values }

    fileprivate func bulkValues() throws(NodeError) -> [BulkValue] {
        var bulk: [BulkValue] = []
        for (index, value) in values.enumerated() {
            do throws(NodeError) {
                bulk.append(try value.value())
            } catch {
                throw NodeError(error.code, "Value \(index) of the request: \(error.message) Nothing was stored.")
            }
        }
        return bulk
    }
}

/// A value and the key to store it under.
package struct KeyedValue: Codable, Sendable, Equatable {
    package var key: KeyParameter
    package var data: String?
    package var text: String?
    package var signed: Bool?

    package init(_ key: Target, _ value: StoreRequest) {
        self.key = KeyParameter(key)
        (data, text, signed) = (value.data, value.text, value.signed)
    }

    fileprivate func value() throws(NodeError) -> BulkValue {
        var request = StoreRequest(data: [], signed: signed ?? true)
        (request.data, request.text) = (data, text)
        return BulkValue(key: key.key, data: try request.bytes(), signed: signed ?? true)
    }
}

extension KeyedValue: SchemaDescribed {
    static var schema: Schema {
        StoreRequest.schema(with: [Schema.Member(name: "key", schema: KeyParameter.schema, isOptional: false)])
    }
    static var example: KeyedValue { KeyedValue(.example, .example) }
}

extension Operations {
    package static let lookUp = Operation<LookUpParameters, Nothing, FindReport>(
        "look_up", .get, "/network/values/{key}",
        "Looks a key up in the DHT and in the node's own archive, and says how many nodes were asked and answered.",
        patience: .seconds(120)
    ) { api, parameters, _, progress in
        parameters.local == true
            ? try await api.node.localValues(key: parameters.key.key)
            : try await api.node.findValues(key: parameters.key.key) { progress.report(ProgressReport($0)) }
    }

    package static let store = Operation<OneKey, StoreRequest, StoreReport>(
        "store", .post, "/values/{key}",
        "Stores a value in the archive and on the nodes closest to the key. The answer comes once it is on this node's disk.",
        access: .write, patience: .seconds(120)
    ) { api, parameters, request, progress in
        try await api.node.storeValue(
            key: parameters.key.key, data: try request.bytes(), signed: request.signed ?? true
        ) { progress.report(ProgressReport($0)) }
    }

    package static let storeMany = Operation<Nothing, StoreManyRequest, BulkStoreReport>(
        "store_many", .post, "/values",
        "Stores up to ten thousand values. The answer comes once they are on this node's disk; other nodes get them later.",
        access: .write, patience: .seconds(120),
        audit: { _, request, _ in "Stored a list of \(request.values.count) values." }
    ) { api, _, request, _ in
        try await api.node.storeValues(try request.bulkValues())
    }

    package static let withdraw = Operation<OneKey, Nothing, WithdrawReport>(
        "withdraw", .post, "/values/{key}/withdraw", "Stops republishing what was published here under a key.",
        access: .write, patience: .seconds(60),
        audit: { _, _, report in "Withdrew the key \(report.key): \(report.withdrawnCount) values." }
    ) { api, parameters, _, _ in
        let key = parameters.key.key
        let count = try await api.node.withdraw(key)
        return WithdrawReport(key: key, withdrawnCount: count, isPinned: try await api.node.isPinned(key))
    }
}
