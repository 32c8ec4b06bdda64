package import IPv8

/// Two values of one signer that contradict each other, or what is left of the record.
package struct KnownEvidence: Hashable, Sendable {
    /// The key.
    package var target: Target
    package var signer: Mid
    /// The pair; `nil` if the record is damaged.
    package var evidence: Evidence?
}

/// Walks over the evidence in the order of keys and signers. Each part has a snapshot of its own.
package struct EvidenceWalk {
    private let reader: ArchiveReader
    private let keys: ClosedRange<Target>
    private var start: [UInt8]?

    private static let recordsPerPart = 1024

    /// Begins a walk over the evidence under some keys.
    package init(_ reader: ArchiveReader, keys: ClosedRange<Target> = ValueFilter.allKeys) {
        self.reader = reader
        self.keys = keys
        start = reader.environment.has(.evidence) ? keys.lowerBound.bytes : nil
    }

    /// Whether there is nothing more to come.
    package var isAtEnd: Bool { start == nil }

    /// The next pairs; empty at the end.
    package mutating func next() throws(ArchiveError) -> [KnownEvidence] {
        guard let begin = start else { return [] }
        var found: [KnownEvidence] = []
        var following: [UInt8]?
        try reader.environment.read { (transaction) throws(ArchiveError) in
            try transaction.forEach(.evidence, prefix: [], from: begin) { (key, value) throws(ArchiveError) in
                guard let place = SignerKey(key) else { return true }
                guard place.target <= keys.upperBound else { return false }
                guard found.count < EvidenceWalk.recordsPerPart else {
                    following = Array(key)
                    return false
                }
                found.append(
                    KnownEvidence(target: place.target, signer: place.signer, evidence: Evidence(value, key: key)))
                return true
            }
        }
        start = following
        return found
    }
}

extension Evidence {
    /// Reads a record; `nil` if it is damaged.
    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let place = SignerKey(key), let record = EvidenceRecord(value, key: key),
            let held = try? Entry(bytes: record.held), let offered = try? Entry(bytes: record.offered)
        else { return nil }
        self.init(target: place.target, signer: place.signer, noted: record.noted, held: held, offered: offered)
    }
}
