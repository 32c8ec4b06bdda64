internal import Bristlecone
internal import Console
internal import FoundationEssentials
internal import IPv8

extension BackupReport {
    /// The report for people.
    ///
    /// - Parameters:
    ///   - backup: the folder as it was typed.
    ///   - dataFolder: the node's.
    func text(on terminal: Terminal, backup: String, dataFolder: String) -> String {
        var table = TextTable()
        table.add("values", "\(values)")
        table.add("journal", Words.journal(last: journalLast, at: journalAt))
        table.add("space", Words.space(bytes))
        table.add("took", Words.time(duration))
        if let indexIsMissingBecause {
            table.add("index", "not copied (\(indexIsMissingBecause)); it is rebuilt after a restore")
        }
        let head = "\(terminal.good("Backed up")) to \(terminal.strong(folder))"
        let option = dataFolder == NodeSettings().dataFolder ? "" : " --data \(shellWord(dataFolder))"
        let foot = [
            "It holds the node's private key: keep it where nobody else can read it.",
            "To restore it: bristlecone restore \(shellWord(backup))\(option)",
        ]
        return ([head] + table.lines() + foot.map(terminal.faint)).joined(separator: "\n")
    }
}

extension RestoreReport {
    /// The report for people.
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        table.add("values", "\(values)")
        table.add("journal", Words.journal(last: journalLast, at: journalAt))
        table.add("backed up", Words.moment(created))
        if let movedAside { table.add("data before", "moved to \(movedAside)") }
        let head = "\(terminal.good("Restored")) \(terminal.strong(dataFolder))"
        var lines = [head] + table.lines()
        if changesUndone > 0 {
            lines.append(
                terminal.bad(
                    "The data before had change \(journalLast + changesUndone): "
                        + "\(Words.count(Int(clamping: changesUndone), "later change")) not in this backup."))
        }
        return (lines + [terminal.faint("Next: bristlecone run --data \(shellWord(dataFolder))")])
            .joined(separator: "\n")
    }
}

extension Words {
    /// The end of a journal: `change 12, made 2026-02-03T12:00:00Z`.
    static func journal(last: UInt64, at instant: Instant?) -> String {
        guard last > 0 else { return "no change yet" }
        return "change \(last)" + (instant.map { ", made \(moment($0))" } ?? "")
    }

    /// A moment in UTC: `2026-02-03T12:00:00Z`.
    static func moment(_ instant: Instant) -> String {
        Date(timeIntervalSince1970: Double(instant.seconds)).formatted(.iso8601)
    }
}
