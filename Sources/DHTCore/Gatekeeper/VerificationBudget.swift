internal import IPv8
internal import Kademlia

/// How much time may go into checking signatures of the older curves. One of them costs as much as up to 65 of today's,
/// so without a limit a few peers, or one that forges, would keep all others waiting.
///
/// Contacts have a budget of their own, so that strangers cannot use it up, and awaited answers have one, so that who
/// claims to be a contact cannot keep us from hearing what we asked for. Each fills by a share of the time that passes,
/// up to what a burst may take.
struct VerificationBudget: Sendable {
    private var answers = Bucket()
    private var contacts = Bucket()
    private var strangers = Bucket()

    /// Whose packet it is, as far as that shows before its check.
    enum Claim: Sendable {
        case awaitedAnswer, contact, stranger
    }

    private struct Bucket {
        var available = VerificationBudget.burst
        var filledAt: Instant?
    }

    /// The share of one core's time that each of the three may take.
    private static let share = 0.15
    private static let burst: Duration = .milliseconds(500)

    /// Takes the cost of checking signatures by these keys out of the budget; `false`, and nothing taken, where it does
    /// not hold that much.
    mutating func take(_ levels: some Sequence<KeyLevel>, for claim: Claim, at now: Instant) -> Bool {
        let cost = levels.reduce(Duration.zero) { $0 + VerificationBudget.cost($1) }
        guard cost > .zero else { return true }
        return switch claim {
        case .awaitedAnswer: VerificationBudget.take(cost, from: &answers, at: now)
        case .contact: VerificationBudget.take(cost, from: &contacts, at: now)
        case .stranger: VerificationBudget.take(cost, from: &strangers, at: now)
        }
    }

    private static func take(_ cost: Duration, from bucket: inout Bucket, at now: Instant) -> Bool {
        let passed = max(.zero, now - (bucket.filledAt ?? now))
        bucket.available = min(burst, bucket.available + passed * share)
        bucket.filledAt = now
        guard bucket.available >= cost else { return false }
        bucket.available -= cost
        return true
    }

    /// What a check costs, as measured; today's keys are not limited here.
    private static func cost(_ level: KeyLevel) -> Duration {
        switch level {
        case .curve25519: .zero
        case .veryLow: .microseconds(400)
        case .low: .microseconds(500)
        case .medium: .microseconds(1700)
        case .high: .microseconds(3300)
        }
    }
}

/// How many packets of each key and address are being checked.
///
/// Before its check a packet may be of anybody, so what claims to be of one peer must not take the room of all.
struct ChecksUnderWay: Sendable {
    private var counts: [Claim: Int] = [:]

    /// Who a packet claims to be of.
    private struct Claim: Hashable {
        let id: NodeID
        let address: Address
    }

    /// How many packets of one are checked at once: as many as a peer may ask for in five seconds, values or peers.
    static let countMax = 20

    /// How many senders have packets that are being checked.
    var count: Int { counts.count }

    /// Counts a packet; `false` where enough of them are being checked.
    mutating func begin(_ id: NodeID, at address: Address) -> Bool {
        let claim = Claim(id: id, address: address)
        guard counts[claim, default: 0] < ChecksUnderWay.countMax else { return false }
        counts[claim, default: 0] += 1
        return true
    }

    /// The check of a packet is done.
    mutating func end(_ id: NodeID, at address: Address) {
        let claim = Claim(id: id, address: address)
        guard let count = counts[claim] else { return }
        counts[claim] = count > 1 ? count - 1 : nil
    }
}
