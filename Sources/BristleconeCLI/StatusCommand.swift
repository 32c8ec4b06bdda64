internal import ArgumentParser
internal import Bristlecone
internal import Console
internal import HTTPAPI
internal import IPv8
internal import Kademlia

/// `bristlecone status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the state of the running node: addresses, contacts, archive.",
        discussion: """
            For example:

              bristlecone status
              bristlecone status --json
            """)

    @OptionGroup var client: ClientOptions

    mutating func run() async throws {
        let status = try await client.call(Operations.status)
        try client.show(status) { status.text(on: $0) }
    }
}

extension NodeStatus {
    /// The status for people.
    func text(on terminal: Terminal) -> String {
        let head = "Bristlecone \(version), running for \(Words.age(uptime)) (pid \(processID))"
        var summary = TextTable()
        summary.add("identity", "\(terminal.digits(publicKey.mid)) (\(publicKey.level.rawValue))")
        summary.add(
            "archive",
            "\(Words.count(archive.values, "value")) under \(Words.count(archive.keys, "key")), "
                + "\(Words.space(archive.liveBytes)) in use")
        let lag = archive.journalLast - archive.indexLast
        summary.add("journal", "change \(archive.journalLast), index \(lag == 0 ? "up to date" : "\(lag) behind")")
        if let room {
            summary.add("size limit", room.limitText(on: terminal))
            summary.add("disk", room.diskText(on: terminal))
        }
        if let traffic { summary.add("traffic", traffic.text) }
        summary.add(
            "last backup", lastBackup.map(Words.moment) ?? terminal.bad("none known: bristlecone backup FOLDER"))
        if let warning = clock.text { summary.add("clock", terminal.bad(warning)) }
        if let scrub { summary.add("scrub", scrub.text(on: terminal)) }
        if let upkeep { summary.add("republishing", upkeep.text) }
        let blocks = [
            [terminal.strong(head)] + warningLines(terminal), summary.lines(), endpointLines(terminal),
            contactLines(terminal),
            upkeep.map { $0.jobLines(terminal) } ?? [], counterLines(terminal),
        ].filter { !$0.isEmpty }
        return blocks.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    private func warningLines(_ terminal: Terminal) -> [String] {
        warnings.isEmpty ? [terminal.good("No problems.")] : warnings.map { terminal.bad("! \($0)") }
    }

    private func endpointLines(_ terminal: Terminal) -> [String] {
        var table = TextTable()
        table.add("address", "seen as", "node id", "contacts", "good", "buckets")
        for endpoint in endpoints {
            table.add(
                endpoint.listen.description, endpoint.external?.description ?? "not known yet",
                terminal.digits(endpoint.nodeID), String(endpoint.contacts), String(endpoint.goodContacts),
                String(endpoint.buckets))
        }
        return [terminal.strong("Listens on")] + table.lines()
    }

    /// How many contacts are listed for people; `--json` has all.
    private static let contactsShownMax = 20

    private func contactLines(_ terminal: Terminal) -> [String] {
        guard !contacts.isEmpty else {
            return [terminal.strong("Contacts"), "  none yet; \(joining.text)"]
        }
        var table = TextTable()
        table.add("address", "identity", "status", "failures")
        for contact in contacts.prefix(NodeStatus.contactsShownMax) {
            table.add(
                contact.address.description, terminal.digits(contact.mid), contact.standing.rawValue,
                String(contact.failures))
        }
        let more = contacts.count - NodeStatus.contactsShownMax
        return [terminal.strong("Contacts")] + table.lines()
            + (more > 0 ? [terminal.faint("  … and \(more) more: bristlecone status --json")] : [])
    }

    private func counterLines(_ terminal: Terminal) -> [String] {
        var table = TextTable()
        for (name, count) in counters.sorted(by: { $0.key < $1.key }) where count > 0 {
            table.add(name, String(count))
        }
        let lines = table.lines()
        return [terminal.strong("Counters since the start")] + (lines.isEmpty ? ["  nothing yet"] : lines)
    }
}

extension NodeStatus.Room {
    private static let fillAlarming = 0.9
    private static let daysAlarming = 14.0

    fileprivate func limitText(on terminal: Terminal) -> String {
        let share = limitBytes > 0 ? Double(liveBytes) / Double(limitBytes) : 1
        let text = "\(Int((share * 100).rounded())) % of \(Words.space(limitBytes)) used"
        let fill = share >= NodeStatus.Room.fillAlarming ? terminal.bad(text) : text
        guard let daysUntilFull else { return fill }
        let days =
            daysUntilFull >= 1000 ? "in more than 1000 days" : "in about \(Words.count(Int(daysUntilFull), "day"))"
        return "\(fill), full \(daysUntilFull < NodeStatus.Room.daysAlarming ? terminal.bad(days) : days)"
    }

    fileprivate func diskText(on terminal: Terminal) -> String {
        let text = "\(Words.space(freeBytes)) free, of which \(Words.space(reserveBytes)) are kept free"
        return freeBytes < reserveBytes ? terminal.bad(text) : text
    }
}

extension NodeStatus.Bandwidth {
    fileprivate var text: String {
        "\(Words.space(Int(receivedBytesPerSecond)))/s in, \(Words.space(Int(sentBytesPerSecond)))/s out"
    }
}

extension NodeStatus.Clock {
    /// A warning about the clock; `nil` if it seems right.
    var text: String? {
        let parts = [
            behindArchive > NodeStatus.Clock.leadIgnored
                ? "\(Words.age(behindArchive)) behind the newest change at the start; set it if it is wrong" : nil,
            versionsAhead > NodeStatus.Clock.leadIgnored
                ? "versions published here are \(Words.age(versionsAhead)) ahead of it" : nil,
        ].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
}

extension NodeStatus.Upkeep {
    /// The state of republishing, in half a line.
    var text: String {
        let kept = "\(Words.count(keptKeys, "key")) to republish"
        let waiting = waitingKeys > 0 ? ", \(waitingKeys) waiting" : ""
        return "\(kept), \(dueKeys) due\(waiting): \(phase)"
    }

    /// A table of the recurring tasks.
    fileprivate func jobLines(_ terminal: Terminal) -> [String] {
        var table = TextTable()
        table.add("task", "last worked", "result", "next run")
        for job in jobs {
            table.add(
                job.name, job.lastRun.map(Words.moment) ?? "never", job.lastResult ?? "", Words.moment(job.due))
        }
        return [terminal.strong("Tasks")] + table.lines()
    }
}

extension NodeStatus.Scrub {
    /// The state of the scrub, in half a line.
    func text(on terminal: Terminal) -> String {
        let found = lastDamaged + damaged
        let now = started.map { "\(Words.count(checked, "record")) read again since \(Words.moment($0))" }
        let last = lastFinished.map { "\(Words.count(lastChecked, "record")) read again by \(Words.moment($0))" }
        let done = [now, last].compactMap { $0 }.joined(separator: "; last run: ")
        let verdict = found == 0 ? "none damaged" : terminal.bad("\(found) damaged and in quarantine")
        return "\(done), \(verdict)" + (recovered > 0 ? ", \(recovered) recovered from the network" : "")
    }
}

extension NodeStatus.Joining {
    /// How a node without contacts looks for some, or what its operator can do.
    var text: String {
        var ways: [String] = []
        if let peer = peers.first {
            ways.append(
                peers.count == 1
                    ? "the given peer \(peer) has not answered" : "none of the \(peers.count) given peers has answered")
        }
        if asksBootstrapServers { ways.append("the bootstrap servers are being asked") }
        if callsLocalNetwork { ways.append("the local network is being called") }
        return ways.isEmpty ? "give the node one with --peer ADDRESS:PORT" : ways.joined(separator: ", ")
    }
}
