internal import Bristlecone
internal import Console
internal import IPv8

extension StoreReport {
    /// Whether somebody keeps the value now.
    var isSuccess: Bool { acknowledged > 0 || keptHere }

    /// What to say where nobody does.
    var failure: String {
        asked == 0
            ? "The value was not stored: no node was reachable. See \"bristlecone status\" for contacts."
            : "The value was not stored: none of \(Words.count(asked, "node")) confirmed it. Try again in a minute."
    }

    private func confirmation(_ terminal: Terminal) -> String {
        guard asked > 0 else { return terminal.bad("nobody: no other node was reachable, see bristlecone status") }
        let confirmed = "\(acknowledged) of \(Words.count(asked, "node"))"
        return acknowledged > 0 ? confirmed : terminal.bad(confirmed)
    }

    /// The report for people.
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        table.add("confirmed by", confirmation(terminal))
        table.add("kept here", keptHere ? "yes" : "no")
        table.add("signed", version.map { "yes, version \($0.number)" } ?? "no")
        table.add("took", Words.time(duration))
        let verdict = acknowledged > 0 ? terminal.good("Stored") : terminal.bad("Kept by this node only,")
        let head = "\(verdict) under \(terminal.strong(terminal.digits(key)))"
        return ([head] + table.lines()).joined(separator: "\n")
    }
}
