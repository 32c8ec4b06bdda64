internal import IPv8
internal import Kademlia

/// Which packets deserve a signature check, and which authentic requests an answer.
///
/// A check costs more than everything else that a packet can cause, so what costs nothing comes first: parsing, tokens,
/// known requests, flood limits. Before its check a packet may be anybody's; so a packet that claims to be a contact's gets
/// a contact's room only within what one peer may ask for. After the check a request counts against its sender, each only
/// once.
struct Gatekeeper: Sendable {
    private var queryFloods = FloodLimiter<NodeID>(requestsMax: 10)
    /// Requests for peers have an allowance of their own, because peers do not count them among the DHT's requests.
    private var discoveryFloods = FloodLimiter<NodeID>(requestsMax: 10)
    /// Requests from each host that is no contact's; a key costs nothing, an address does. In IPv6 that is a /64.
    private var hostFloods = FloodLimiter<IPAddress>(requestsMax: 100)
    /// Requests of each contact that were signed with an older curve, before their check: as many as it may make of all.
    private var olderCurveFloods = FloodLimiter<NodeID>(requestsMax: 20)
    private var verifications = VerificationBudget()
    private var checks = ChecksUnderWay()
    private var replays = ReplayFilter()
    private var bans = BanList()
    private var twin: TwinSightings?
    private var lookedForTwinAt: Instant?

    /// How often somebody with this node's own key is looked for: anybody can forge packets that give cause for it.
    private static let twinInterval: Duration = .seconds(5)

    /// How much work there may be when the check of a contact's request begins, so that there is always room for the
    /// answers that are awaited.
    static let contactsWorkMax = 3584
    /// How much there may be when a check for a stranger begins, so that there is always room for contacts.
    static let strangersWorkMax = 3072

    // MARK: Before the check

    /// What was seen of another node with this node's key; `nil` as long as there is nothing.
    func sightings() -> TwinSightings? { twin }

    /// Whether a packet with this node's own key is followed up; if so, the moment counts.
    mutating func mayLookForTwin(at now: Instant) -> Bool {
        if let last = lookedForTwinAt, now - last < Gatekeeper.twinInterval { return false }
        lookedForTwinAt = now
        return true
    }

    /// Notes an answer that somebody else signed with this node's own key.
    mutating func noteTwin(at address: Address, at now: Instant) {
        twin = TwinSightings(address: address, lastSeen: now, count: (twin?.count ?? 0) + 1)
    }

    /// Bans these networks and no others.
    mutating func ban(_ bans: [Ban], at now: Instant) { self.bans = BanList(bans, at: now) }

    /// Whether the operator wants nothing from a host. This comes before everything that costs.
    mutating func isBanned(_ host: IPAddress, at now: Instant) -> Bool { bans.contains(host, at: now) }

    /// Whether the sender of a request has used up its allowance.
    func isBlocked(_ sender: NodeInfo, for role: MessageKind.Role, at now: Instant) -> Bool {
        role == .discovery
            ? discoveryFloods.isBlocked(sender.id, at: now) : queryFloods.isBlocked(sender.id, at: now)
    }

    /// Has the signatures of a packet checked, those of the packet and of the entries in it in one go. An answer that is
    /// awaited has a share of its own, whoever gives it: nobody else knows its number. Its request is not given up meanwhile.
    ///
    /// - Parameter isContact: whether the packet claims to be of the contact at its source.
    mutating func check(
        _ packet: Packet, by sender: NodeInfo, to host: IPAddress?, isContact: Bool, _ requests: inout Requests,
        _ turn: inout Turn
    ) {
        guard let entries = Gatekeeper.entries(in: packet.message, &turn) else { return }
        let awaited = packet.message.responseID
        let levels = [sender.publicKey.level] + entries.compactMap { $0.signature?.signer.level }
        let claim: VerificationBudget.Claim =
            awaited != nil
            ? .awaitedAnswer
            : isContact && hasContactsShare(sender, levels, at: turn.now) ? .contact : .stranger
        guard hasRoom(for: claim, besides: turn.workCount) else { return turn.drop(.overloaded) }
        let hold = awaited.flatMap { requests.hold($0) }
        guard awaited == nil ? checks.begin(sender.id, at: sender.address) : hold != nil else {
            return turn.drop(.overloaded)
        }
        let check = Continuations.Check(
            packet: packet, sender: sender, host: host, entries: entries, hold: hold, arrivedAt: turn.now)
        guard verifications.take(levels, for: claim, at: turn.now),
            let work = turn.begin(check, in: claim == .stranger ? .strangers : .known)
        else {
            checkEnded(check, &requests, at: turn.now)
            return turn.drop(.overloaded)
        }
        for level in levels { turn.counters.checks[level, default: 0] += 1 }
        turn.append(.verify(work, packet: packet, entries: entries))
    }

    /// Whether a contact's request is treated as one. If a contact asks for more of the costly checks than a peer may ask for,
    /// it shares what strangers have.
    private mutating func hasContactsShare(_ sender: NodeInfo, _ levels: [KeyLevel], at now: Instant) -> Bool {
        levels.allSatisfy { $0 == .curve25519 } || olderCurveFloods.admit(sender.id, at: now)
    }

    private func hasRoom(for claim: VerificationBudget.Claim, besides workCount: Int) -> Bool {
        switch claim {
        case .awaitedAnswer: workCount < Continuations.countMax
        case .contact: workCount < Gatekeeper.contactsWorkMax
        case .stranger: workCount < Gatekeeper.strangersWorkMax
        }
    }

    /// The entries that a message carries. In a store request each value has to be one. In an answer those that are none are
    /// skipped, so that one bad value does not spoil a search.
    private static func entries(in message: Message, _ turn: inout Turn) -> [Entry]? {
        switch message {
        case .storeRequest(let request):
            do throws(EntryError) {
                var entries: [Entry] = []
                for value in request.values { entries.append(try Entry(bytes: value)) }
                return entries
            } catch {
                turn.drop(.badEntry(error))
                return nil
            }
        case .findResponse(let response):
            let entries = response.values.prefix(FindResponse.valueCountMax).compactMap { try? Entry(bytes: $0) }
            turn.counters.valuesSkipped += response.values.count - entries.count
            return entries
        default:
            return []
        }
    }

    // MARK: After the check

    /// A check is done, whatever it has shown.
    mutating func checkEnded(_ check: Continuations.Check, _ requests: inout Requests, at now: Instant) {
        if let hold = check.hold {
            requests.release(hold, at: now)
        } else {
            checks.end(check.sender.id, at: check.sender.address)
        }
    }

    /// Lets an authentic request in, if its sender has not used up its allowance.
    ///
    /// - Parameter isStranger: whether the sender is no contact, and its host is limited.
    mutating func admit(_ packet: Packet, from sender: NodeInfo, isStranger: Bool, _ turn: inout Turn) -> Bool {
        guard replays.admit(packet, at: turn.now) else {
            turn.drop(.replayed)
            return false
        }
        // A host that has used up its allowance adds no key to those that are kept count of.
        let site = isStranger ? sender.address.host.site : nil
        let isHostBlocked = site.map { hostFloods.isBlocked($0, at: turn.now) } ?? false
        guard !isHostBlocked, count(packet.message, of: sender, at: turn.now) else {
            turn.drop(.floodLimit)
            return false
        }
        if let site { _ = hostFloods.admit(site, at: turn.now) }
        return true
    }

    /// Counts a request of a node; `false` if it has used up its allowance.
    private mutating func count(_ request: Message, of sender: NodeInfo, at now: Instant) -> Bool {
        request.kind.role == .discovery
            ? discoveryFloods.admit(sender.id, at: now) : queryFloods.admit(sender.id, at: now)
    }

    var usages: [Usage] {
        [
            Usage("senders of requests", queryFloods.count),
            Usage("senders of introductions", discoveryFloods.count),
            Usage("hosts of strangers", hostFloods.count),
            Usage("senders with keys of older curves", olderCurveFloods.count),
            Usage("senders whose packets are being checked", checks.count),
            Usage("requests known again", replays.count),
            Usage("bans", bans.count),
        ]
    }
}

/// Knows the requests of the last few seconds again. A request is bound neither to its receiver nor to a time, so
/// whoever has received one can send it on; it must not count against its signer, nor for it.
struct ReplayFilter: Sendable {
    private var current: Set<UInt64> = []
    private var previous: Set<UInt64> = []
    private var turnedAt: Instant?

    /// A request is known again for one to two times this.
    static let turn: Duration = .seconds(5)
    /// How many requests are known again in each turn.
    static let requestsMax = 65_536

    /// How many requests are known again.
    var count: Int { current.count + previous.count }

    /// Notes a request; `false` where it has been seen.
    mutating func admit(_ packet: Packet, at now: Instant) -> Bool {
        if let turnedAt, now - turnedAt < ReplayFilter.turn {
            if current.count >= ReplayFilter.requestsMax { current.removeAll(keepingCapacity: true) }
        } else {
            previous = turnedAt.map { now - $0 < ReplayFilter.turn * 2 } == true ? current : []
            current = []
            turnedAt = now
        }
        let digest = packet.bytes.withUnsafeBytes(Digest.checksum64)
        return !previous.contains(digest) && current.insert(digest).inserted
    }
}
