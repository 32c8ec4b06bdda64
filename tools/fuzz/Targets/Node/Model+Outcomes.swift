import DHTCore
import IPv8

/// The writes and results that are allowed.
extension Model {
    private static let servedFor: Duration = .seconds(3600)

    /// The node only writes authentic values, and for no longer than the overlay serves them.
    func check(_ intent: StoreChange, at now: Instant) throws(Violation) {
        try require(!intent.entries.isEmpty && intent.entries.count <= 8, "\(intent.entries.count) values in a commit")
        try require(intent.expiresAt <= now + Model.servedFor, "a value is to be served for more than an hour")
        for entry in intent.entries {
            try require(Forgery.isAuthentic(entry), "a value with a wrong signature is written")
        }
        switch intent.provenance {
        case .publishedHere:
            let isAsked = openCommands.values.contains { command in
                guard case .publish(let target, let entry) = command else { return false }
                return target == intent.target && [entry] == intent.entries
            }
            try require(isAsked, "a value is published that nobody published")
        case .received(let mid, let address):
            guard !wasStored(intent, by: mid, from: address) else { return }
            for entry in intent.entries {
                try require(offered.contains(entry), "a value is written that nobody stored and nobody offered")
                let version = entry.signature?.version.number ?? 0
                try require(
                    pinned.contains(intent.target)
                        || intent.expiresAt <= Instant(seconds: Int64(version)) + Model.servedFor,
                    "a copy outlives what it is a copy of")
            }
        }
    }

    private func wasStored(_ intent: StoreChange, by mid: Mid, from address: Address) -> Bool {
        storeRequests(from: address).contains { received in
            guard case .storeRequest(let request) = received.message else { return false }
            return received.peer.publicKey.mid == mid && request.target == intent.target
                && request.values == intent.entries.map(\.bytes)
        }
    }

    mutating func told(_ event: Event) throws(Violation) {
        switch event {
        case .commandCompleted(let id, let outcome):
            guard let command = closeCommand(id) else { throw Violation("a command completes twice: \(outcome)") }
            try check(outcome, of: command)
        case .contactAdded(let node):
            try require(proved.contains(node), "\(node.address) is a contact and never proved its address")
        case .contactLost, .addressLearned: return
        }
    }

    private func check(_ outcome: CommandOutcome, of command: Command) throws(Violation) {
        switch (command, outcome) {
        case (.ping(let address), .pinged(let key, let roundTrip)):
            try require(
                answered.contains(NodeInfo(address: address, publicKey: key)), "a pong of somebody who never answered")
            try require(roundTrip >= .zero, "an answer before its question")
        case (.find(let target), .found(let outcome)): try check(outcome, for: target)
        case (.connect(let mid, _), .connected(let nodes)):
            try require(
                nodes.allSatisfy { $0.publicKey.mid == mid && answered.contains($0) },
                "connected with somebody who never answered, or somebody else")
        case (.publish(let target, let entry), .published(let outcome)):
            try require(disk.holds(entry, under: target), "published and not durable")
            try require(outcome.acknowledgedCount <= outcome.askedCount, "more acknowledged than were asked")
        case (.publish, .publishRefused), (.ping, .unreachable), (.ping, .pingTimedOut), (.walk, .walked),
            (.walk, .unreachable), (.refreshBucket, .refreshed), (.refreshBucket, .noSuchBucket),
            (.refreshBucket, .noContacts), (.runTask, .taskPlanned), (.runTask, .noSuchTask), (_, .refusedAsBusy):
            return
        default: throw Violation("\(command) ends with \(outcome)")
        }
    }

    private func check(_ outcome: FindOutcome, for target: Target) throws(Violation) {
        try require(
            Set(outcome.entries.map(\.id)).count == outcome.entries.count, "a search finds one signer's value twice")
        for entry in outcome.entries {
            try require(Forgery.isAuthentic(entry), "a search finds a value with a wrong signature")
            try require(
                offered.contains(entry) || disk.holds(entry, under: target), "a search finds what nobody has")
        }
        try require(outcome.answeredCount <= outcome.askedCount, "more answered than were asked")
    }
}
