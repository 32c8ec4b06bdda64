internal import Archive
internal import Console
internal import Glibc
internal import IPv8

extension RepairReport {
    /// A line for people.
    var text: String {
        let count = quarantined.values.reduce(0, +)
        return "Repaired: \(Words.count(count, "damaged record")) moved to the quarantine, "
            + (publicationsRestored > 0 ? "\(Words.count(publicationsRestored, "publication")) written anew, " : "")
            + (changesDropped > 0 ? "\(Words.count(changesDropped, "change")) removed from the journal, " : "")
            + (accountsRestored ? "the accounts rebuilt, " : "")
            + (orderRestored ? "the serving order rebuilt, " : "")
            + (countsRestored ? "the counts rebuilt, " : "")
            + "the index rebuilt from \(Words.count(indexed, "record"))"
    }
}

/// The result of `verify --repair`; its JSON has the same names, in snake case.
struct RepairedSummary: Encodable {
    var before: VerifySummary
    var repaired: RepairReport
    var after: VerifySummary
}

/// Repairs an archive that no node is using.
enum Repair {
    /// The step that the child does.
    static let step = "repair"

    /// Throws unless the folder is there and nobody uses it.
    static func requireStopped(_ folder: String) throws {
        guard access(folder + "/archive.mdb", F_OK) == 0 else { throw ArchiveError.noArchive(folder: folder) }
        _ = try LockedFolder(folder)
    }

    /// Why a repair would not help; `nil` if it would.
    static func refusal(_ report: VerifySummary) -> String? {
        let isDeep = report.findings.contains { $0.table == "pages" || $0.key.isEmpty && $0.fault.contains("LMDB") }
        guard isDeep else { return nil }
        return "LMDB's own pages are damaged, which cannot be repaired: restore \(report.folder)/archive.mdb from a "
            + "backup, or export what can still be read (bristlecone-dump export) and import it into a new folder."
    }

    /// Asks on the terminal.
    static func isConfirmed(_ report: VerifySummary) throws -> Bool {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw DumpFailure(
                message: "Nothing was repaired, because there is no terminal to ask for confirmation: add --yes.",
                status: DumpFailure.cannotRead)
        }
        Output.complain(
            "\(Words.count(report.findings.count, "fault")): damaged records move to the quarantine unchanged, and "
                + "accounts, counts and index are rebuilt. No value is deleted. Continue? [y/N]")
        return readLine()?.lowercased().hasPrefix("y") ?? false
    }

    /// The child's part.
    static func run(_ folder: String) throws -> RepairReport {
        let held = try LockedFolder(folder)
        var options = ArchiveOptions(fittingIndexIn: folder)
        options.structureCheckMax = nil
        // Moving aside needs room too, and is worth the reserve.
        options.diskReserveBytes = 0
        // Nor does a floor have to go for another one: how much the node lets them take is not known here.
        options.budgets = Budgets(sharing: .max)
        let archive = try Archive.open(folder: folder, options: options, now: DumpOptions.now)
        var progress = ProgressLine()
        var count = 0
        let report = try archive.repair(at: DumpOptions.now) { table, step in
            count += step
            progress.show("repairing, \(table): \(count) records")
        }
        progress.end()
        archive.close()
        withExtendedLifetime(held) {}
        return report
    }
}
