internal import Archive
internal import Console
internal import IPv8
internal import Maintenance

/// Everything known of a key, in sentences: of the key first, then of each value, then of removed values.
struct Reasons {
    private(set) var all: [Reason] = []
    private(set) var isNothingKnown = false
    private let now: Instant
    private let terminal: Terminal
    private let facts: KeyFacts

    init(
        _ facts: KeyFacts, _ changes: [KnownChange], journal: JournalSummary, at now: Instant, on terminal: Terminal
    ) {
        self.facts = facts
        self.now = now
        self.terminal = terminal
        addSubjects()
        addAttempts()
        addPublications()
        for (place, standing) in facts.values.enumerated() { add(standing, place: place) }
        addFloors()
        addEvidence()
        for table in facts.quarantined {
            add(
                nil, "quarantined",
                "A damaged record of the table \(table) is in quarantine; the node asks the network for a good "
                    + "copy.", isBad: true)
        }
        addRemovals(changes)
        guard all.isEmpty else { return }
        isNothingKnown = true
        addNothing(changes, journal)
    }

    private mutating func add(_ about: EntryID?, _ topic: String, _ text: String, isBad: Bool = false) {
        all.append(Reason(about: about?.description, topic: topic, text: text, isBad: isBad))
    }

    // MARK: The key and its signers

    private mutating func addSubjects() {
        for (subjects, topic) in [(facts.pins, "pinned"), (facts.blocks, "blocked")] {
            for subject in subjects {
                let meaning =
                    topic == "pinned"
                    ? "its values are evicted last, and retained for as long as archive.retain_pinned says."
                    : "the node refuses its values and acknowledges no store of them."
                switch subject {
                case .key: add(nil, topic, "The key is \(topic): \(meaning)", isBad: topic == "blocked")
                case .signer(let mid):
                    add(
                        EntryID(bits: mid.bits), topic, "The signer is \(topic): \(meaning)",
                        isBad: topic == "blocked")
                }
            }
        }
    }

    private mutating func addPublications() {
        for publication in facts.publications {
            let begun = "It was published here on \(Words.moment(publication.published, at: now))"
            if let end = publication.withdrawn {
                add(
                    publication.id, "withdrawn",
                    "\(begun) and withdrawn on \(Words.moment(end, at: now)): since then it is retained like anybody's value."
                )
            } else {
                add(
                    publication.id, "published",
                    "\(begun): the node republishes it until it is withdrawn, and evicts it last.")
            }
        }
    }

    // MARK: A value

    private mutating func add(_ standing: KeyFacts.Standing, place: Int) {
        let value = standing.value
        guard let record = value.record else {
            return add(
                value.id, "damaged",
                "The record does not match its checksum. It is never served. It moves to the quarantine when the "
                    + "scrub reads it or somebody stores a good copy.", isBad: true)
        }
        addServing(value, record, place: place)
        if let signature = record.entry.signature {
            add(
                value.id, "version",
                "This is version \(signature.version.number). A higher version replaces it; the same version with other "
                    + "data does so only if the signer sends it; a lower one is refused."
                    + (standing.earlierVersions == 0
                        ? "" : " \(Words.count(standing.earlierVersions, "earlier version")) of it are in the history.")
            )
        }
        addRepublishing(standing)
        addStanding(standing)
    }

    private mutating func addRepublishing(_ standing: KeyFacts.Standing) {
        let value = standing.value
        if isPinned(value) {
            return add(value.id, "republished", "It is pinned: the node looks for it in the DHT and republishes it.")
        }
        guard let due = standing.due else {
            return add(
                value.id, "republished",
                "According to the index, this node does not republish it: it republishes other people's values only "
                    + "until upkeep.lifetime after their origin.")
        }
        let moment = Words.moment(due, at: now)
        add(
            value.id, "republished",
            "It \(due <= now ? "has been due to be republished since" : "is due to be republished on") \(moment)."
        )
    }

    private mutating func addAttempts() {
        guard let state = facts.republished else { return }
        let outcome =
            switch state.lastOutcome {
            case .stored: "\(Words.count(state.acknowledged, "node")) acknowledged it"
            case .unanswered: "nobody acknowledged it, \(Words.count(state.attempts, "time")) in a row"
            case .othersCloser: "enough other nodes are closer to the key"
            case nil: "the result is not known"
            }
        let retry = state.retryAt.map { "; not again before \(Words.moment($0, at: now))" } ?? ""
        add(
            nil, "attempted",
            "The node last tried to republish it on \(Words.moment(state.lastAttempt, at: now)): "
                + "\(outcome)\(retry).", isBad: state.lastOutcome == .unanswered)
        if let soughtAt = state.soughtAt, let sought = state.sought {
            add(
                nil, "sought",
                "The node last looked for it on \(Words.moment(soughtAt, at: now)): \(sought.found) of "
                    + "\(Words.count(sought.answered, "node")) that answered had it.")
        }
    }

    private mutating func addServing(_ value: ArchivedValue, _ record: ArchivedRecord, place: Int) {
        let expiry = Words.moment(record.expiresAt, at: now)
        let setting = value.entryClass == .unsigned ? "archive.retain_unsigned" : "archive.retain_signed"
        switch value.state(at: now) {
        case .served:
            let before = facts.values.prefix(place).count { $0.value.state(at: now) == .served }
            let page = before / FindResponse.valueCountMax
            let rank =
                page == 0
                ? "a find returns it in the first answer"
                : "\(before) values come before it, so a find returns it in answer \(page + 1), and most peers ask only for "
                    + "the first one"
            add(value.id, "served", "It is served until \(expiry): \(rank).")
        case .retained:
            add(
                value.id, "retained",
                "It is not served: it expired on \(expiry) and has left the serving window. It is retained for as "
                    + "long as \(setting) says, and served again if somebody stores it again.")
        default:
            add(
                value.id, "expired",
                "It is not served: it expired on \(expiry). It stays in the serving window for an hour, or until its place is "
                    + "needed, and is then retained for as long as \(setting) says.")
        }
    }

    private mutating func addStanding(_ standing: KeyFacts.Standing) {
        let part = standing.value.isRetained ? "retained" : "served"
        guard let source = standing.source, !isPinned(standing.value) else {
            return add(
                standing.value.id, "accounts",
                "It is charged to the operator, because it is pinned or was published here. It is never evicted for others."
            )
        }
        let above = standing.sourcesAbove.map {
            "\($0 == 0 ? "no" : "\($0)") \($0 < 2 ? "prefix has" : "prefixes have") more"
        }
        let before = standing.recordsBefore.map {
            "\($0 == 0 ? "none" : "\($0)") of its own \($0 < 2 ? "is" : "are") older"
        }
        add(
            standing.value.id, "accounts",
            "It is charged to \(source), which has \(Words.space(standing.sourceBytes)) of the \(part) values. When "
                + "room is needed, the largest account gives up its oldest record: \(above ?? "very many have more"), and "
                + "\(before ?? "very many of its own are older").")
    }

    private func isPinned(_ value: ArchivedValue) -> Bool {
        facts.pins.contains(.key(value.target)) || value.signer.map { facts.pins.contains(.signer($0)) } ?? false
    }

    // MARK: What is gone

    private mutating func addFloors() {
        for floor in facts.floors {
            add(
                EntryID(bits: floor.signer.bits), "floor",
                "A value of this signer was here until \(Words.moment(floor.noted, at: now)), at version "
                    + "\(floor.version.number). Lower versions are refused.")
        }
    }

    private mutating func addEvidence() {
        for pair in facts.evidence {
            add(
                EntryID(bits: pair.signer.bits), "evidence",
                "The signer signed two different values as the same version: \"bristlecone-dump evidence\" shows them.",
                isBad: true)
        }
    }

    private mutating func addRemovals(_ changes: [KnownChange]) {
        let held = Set(facts.values.map(\.value.id))
        var last: [EntryID: KnownChange] = [:]
        for change in changes { last[change.id] = change }
        for change in last.values.sorted(by: { $0.number < $1.number })
        where change.isRemoval && !held.contains(change.id) {
            add(
                change.id, "removed",
                "It was removed on \(Words.moment(change.at, at: now)) (change \(change.number)): it was past its retention, "
                    + "evicted, damaged, or forgotten.")
        }
    }

    private mutating func addNothing(_ changes: [KnownChange], _ journal: JournalSummary) {
        let reach =
            journal.first <= 1
            ? "and the complete journal never had it"
            : "and the journal, which begins with change \(journal.first), does not mention it"
        add(
            nil, "nothing",
            "Nothing is known of this key: it has no value, no version and no floor, \(reach). Nobody stored a value here, or "
                + "the node refused or forgot it. Refused stores are only counted (\"bristlecone status\").")
    }

    // MARK: For people

    /// The answer for people.
    func text(of key: Target, on terminal: Terminal) -> String {
        var lines = [terminal.strong("Key \(terminal.digits(key))")]
        var about: String?
        for reason in all {
            if reason.about != about, let id = reason.about {
                lines += ["", "  \(terminal.strong(title(of: id)))"]
            }
            about = reason.about
            let topic = reason.isBad ? terminal.bad(reason.topic) : terminal.faint(reason.topic)
            let indent = reason.about == nil ? 2 : 4
            lines += wrapped("\(reason.text)", first: "\(reason.topic): ".count + indent, indent: indent, shown: topic)
        }
        return lines.joined(separator: "\n")
    }

    private func title(of id: String) -> String {
        let digits = terminal.digits(id)
        guard let value = facts.values.first(where: { $0.value.id.description == id })?.value else { return digits }
        let data = value.record.map { " \(Terminal.shown(Array($0.entry.data)))" } ?? ""
        return (value.entryClass == .unsigned ? "unsigned \(digits)" : "by \(digits)") + data
    }

    /// A sentence in lines that fit the terminal, the topic in front of it.
    private func wrapped(_ text: String, first: Int, indent: Int, shown: String) -> [String] {
        let margin = String(repeating: " ", count: indent)
        guard let columns = terminal.columns, columns > 40 else { return ["\(margin)\(shown): \(text)"] }
        var lines: [String] = []
        var line = "\(margin)\(shown):"
        var used = first - 1
        for word in text.split(separator: " ") {
            if used + 1 + word.count > columns {
                lines.append(line)
                line = "\(margin)  \(word)"
                used = indent + 2 + word.count
            } else {
                line += " \(word)"
                used += 1 + word.count
            }
        }
        return lines + [line]
    }
}
