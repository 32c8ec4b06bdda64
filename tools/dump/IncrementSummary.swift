internal import Archive
internal import Console
internal import IPv8

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
        table.addChanges(from: from, to: change, of: archive, put: put, removed: removed, forgotten: forgotten)
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
    ///
    /// - Parameter report: called after each step.
    func followWhole(_ report: () -> Void) -> String? {
        while true {
            do throws(ArchiveError) {
                if try follow().isCurrent { return nil }
            } catch {
                if case .index(let detail) = error { return detail }
                return error.description
            }
            report()
        }
    }
}
