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

    /// The report for people.
    func text(on terminal: Terminal) -> String {
        var table = TextTable()
        let confirmed = "\(acknowledged) of \(Words.count(asked, "node"))"
        table.add("confirmed by", acknowledged > 0 ? confirmed : terminal.bad(confirmed))
        table.add("kept here", keptHere ? "yes" : "no")
        table.add("signed", version.map { "yes, version \($0.number)" } ?? "no")
        table.add("took", Words.time(duration))
        let head = "\(terminal.good("Stored")) under \(terminal.strong(terminal.digits(key)))"
        return ([head] + table.lines()).joined(separator: "\n")
    }
}
