internal import Archive
internal import Console
internal import IPv8
internal import Synchronization

/// Whether something is missing in an archive that a command has read: it has been told then, and the command does not end
/// as if all were well, whatever else it finds.
enum Shortfall {
    private static let told = Atomic(0)

    /// How many faults have been reported.
    static var count: Int { told.load(ordering: .relaxed) }

    /// How long a command may look over an archive of which it reads a part.
    static let briefly: Duration = .milliseconds(500)
    private static let findingsShownMax = 20

    /// The status to end with, when a command would end with another one.
    static func status(_ status: Int32) -> Int32 {
        count > 0 ? DumpFailure.cannotRead : status
    }

    /// Checks an archive, and reports missing parts.
    ///
    /// - Parameters:
    ///   - limit: how long that may take; `nil` for as long as it does, by a command that reads all of it.
    ///   - countsDamaged: whether single damaged records are told as well, by a command that does not come upon them.
    static func look(
        at reader: ArchiveReader, called name: String, limit: Duration?, countsDamaged: Bool = false
    ) throws(ArchiveError) {
        let inspection = try reader.inspect(limit: limit)
        for finding in inspection.findings.prefix(findingsShownMax) { tell(finding.sentence, in: name) }
        let more = inspection.findings.count - findingsShownMax
        if more > 0 { tell("\(more) more faults", in: name) }
        if countsDamaged, inspection.damagedRecords > 0 {
            tell("it holds \(Words.count(inspection.damagedRecords, "damaged record"))", in: name)
        }
    }

    /// Tells that something is missing.
    static func tell(_ what: String, in name: String) {
        told.add(1, ordering: .relaxed)
        Output.complain(
            "bristlecone-dump: \(name) is damaged or incomplete: \(what). See what \"bristlecone-dump verify\" says.")
    }
}

extension VerifyFinding {
    /// The fault, as a sentence without its end.
    fileprivate var sentence: String {
        key.isEmpty ? "\(table) \(fault)" : "the record \(shownKey) of \(table) \(fault)"
    }

    private var shownKey: String {
        table == "meta" ? String(decoding: key, as: UTF8.self) : Hex.encode(key)
    }
}
