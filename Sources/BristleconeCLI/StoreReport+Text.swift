internal import Bristlecone
internal import Console
internal import IPv8

extension StoreReport {
    private func confirmation(_ terminal: Terminal) -> String {
        guard asked > 0 else { return terminal.bad("nobody else: no node was reachable, see bristlecone status") }
        let confirmed = "\(acknowledged) of \(Words.count(asked, "other node"))"
        return acknowledged > 0 ? confirmed : terminal.bad(confirmed)
    }

    /// The report for people.
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        table.add("confirmed by", confirmation(terminal))
        table.add("signed", version.map { "yes, version \($0.number)" } ?? "no")
        table.add("took", Words.time(duration))
        let verdict = acknowledged > 0 ? terminal.good("Stored") : terminal.bad("Kept by this node only,")
        let head = "\(verdict) under \(terminal.strong(terminal.digits(key)))"
        return ([head] + table.lines()).joined(separator: "\n")
    }
}
