internal import Bristlecone
internal import Console
internal import IPv8

extension ConnectReport {
    /// The report for people.
    func text(on terminal: Terminal) -> String {
        let addresses = peers.map(\.address.description).sorted().joined(separator: " and ")
        return "\(terminal.strong(terminal.digits(mid))) \(terminal.good("answered")) at \(addresses), "
            + "found in \(Words.time(duration))"
    }
}
