internal import Archive
internal import Console
internal import Foundation
internal import IPv8

/// The import of an increment, which is applied whole or not at all.
struct ImportingIncrement {
    let name: String
    let check: DumpCheck
    let threads: Int

    private static let batchItems = 4096

    /// Applies an increment to the archive of a folder that the caller has locked.
    ///
    /// - Parameter input: stands at its beginning after each call of `DumpInput.fromStart(named:)`.
    func run(_ input: DumpInput, into archive: Archive) throws -> IncrementSummary {
        let begun = ContinuousClock.now
        if let refusal = try archive.refusal(of: check.header) { throw FileFailure(name, refusal) }
        guard check.seal.leftOut == 0 else { throw FileFailure(name, IncrementRefusal.incomplete) }
        let hashes = try forgottenHashes(input)
        var summary = IncrementSummary(check)
        do {
            var source = try ItemSource(input.fromStart(named: name))
            let result = try archive.apply(check.header, forgotten: hashes, at: DumpOptions.now) {
                let item = try source.next()
                guard item != nil || source.seal == check.seal else { throw IncrementRefusal.altered }
                return item
            }
            (summary.put, summary.removed, summary.forgotten) = (result.put, result.removed, result.forgotten)
        } catch let error as DumpError {
            throw FileFailure(name, error)
        } catch let error as IncrementRefusal {
            throw FileFailure(name, error)
        }
        summary.indexFailure = archive.followWhole()
        summary.seconds = Double((ContinuousClock.now - begun).nanoseconds) / 1e9
        return summary
    }

    /// Checks all signatures before anything is changed. Returns the hashes of the forgotten items.
    private func forgottenHashes(_ input: DumpInput) throws -> Set<Digest256> {
        let verifier = SignatureVerifier()
        var hashes: Set<Digest256> = []
        var source = try ItemSource(input.fromStart(named: name))
        while true {
            var items: [DumpItem] = []
            while items.count < ImportingIncrement.batchItems, let item = try source.next() { items.append(item) }
            guard !items.isEmpty else { return hashes }
            for item in items where item.state == .forgotten {
                if let hash = Digest256(bytes: item.key) { hashes.insert(hash) }
            }
            let vetted = Archive.vet(items, from: source.leafCount - items.count, threads: threads, verifier)
            guard let (item, refusal) = vetted.firstRefusal else { continue }
            let what = refusal == .signature ? "a wrong signature" : "a contradiction"
            throw FileFailure(
                name, IncrementRefusal.badItem("\(what) in a \(item.kind.name) under \(ItemWords(item).key)"))
        }
    }
}

/// The result of importing an increment; its JSON has the same names, in snake case.
struct IncrementSummary: Encodable {
    var dump = ""
    var folder = ""
    var root: String
    var signedBy: String?
    /// The archive that the folder has a copy of.
    var archive: String
    /// The change after which the increment begins, and the one with which it ends.
    var from: UInt64
    var change: UInt64
    var put = 0
    var removed = 0
    var forgotten = 0
    var indexFailure: String?
    var seconds = 0.0

    init(_ check: DumpCheck) {
        root = check.seal.root.description
        signedBy = check.seal.signature?.signer.mid.description
        archive = check.header.origin?.archive ?? ""
        (from, change) = (check.header.start?.change ?? 0, check.header.origin?.change ?? 0)
    }

    private enum CodingKeys: CodingKey {
        case dump, folder, root, signedBy, archive, from, change, put, removed, forgotten, indexFailure, seconds
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(dump, forKey: .dump)
        try container.encode(folder, forKey: .folder)
        try container.encode(root, forKey: .root)
        try container.encode(signedBy, forKey: .signedBy)
        try container.encode(archive, forKey: .archive)
        try container.encode(from, forKey: .from)
        try container.encode(change, forKey: .change)
        try container.encode(put, forKey: .put)
        try container.encode(removed, forKey: .removed)
        try container.encode(forgotten, forKey: .forgotten)
        try container.encode(indexFailure, forKey: .indexFailure)
        try container.encode(seconds, forKey: .seconds)
    }

    /// The answer for people.
    func text() -> String {
        var table = TextTable()
        table.add("changes", "\(from &+ 1) to \(change) of archive \(archive)")
        table.add("put", "\(put)")
        table.add("removed", "\(removed)")
        if forgotten > 0 { table.add("forgotten", "\(forgotten): a node overwrites their bytes on the disk") }
        table.add("root", root)
        if let signedBy { table.add("signed by", signedBy) }
        if let indexFailure { table.add("index", "was not updated (\(indexFailure)); a node rebuilds it") }
        let count = put + removed + forgotten
        let head =
            "Imported \(SafeText.line(dump)) into \(SafeText.line(folder)): \(Words.count(count, "record")) in "
            + "\(Words.time(.seconds(seconds)))"
        return ([head] + table.lines()).joined(separator: "\n")
    }
}

extension Archive {
    /// Brings the index up to date. It is a convenience, so its failure is only told.
    fileprivate func followWhole() -> String? {
        while true {
            do throws(ArchiveError) {
                if try follow().isCurrent { return nil }
            } catch {
                if case .index(let detail) = error { return detail }
                return error.description
            }
        }
    }
}
