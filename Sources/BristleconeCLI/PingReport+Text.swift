internal import Bristlecone
internal import Console
internal import IPv8

extension PingReport {
    /// The report for people.
    func text(on terminal: Terminal) -> String {
        "\(address) \(terminal.good("answered")) in \(Words.time(roundTrip)): "
            + "\(terminal.strong(terminal.digits(publicKey.mid))) (\(publicKey.level.rawValue))"
    }
}
