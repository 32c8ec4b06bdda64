internal import IPv8

/// Attacks by volume: more requests than a node accepts.
extension Attack {
    static let floods: [Attack] = [
        Attack("flood-one", "One identity sends a node 50 pings, finds and stores a second.", attempt: floodByOne),
        Attack(
            "flood-many", "Two hosts send a node 60 requests a second each, every one by a key of its own.",
            attempt: floodByMany),
        Attack(
            "reflection", "Requests by ever new keys seem to come from a bystander, who is to get the answers.",
            attempt: reflection),
    ]

    private static let floodSeconds = 40

    private static func floodByOne(_ siege: Siege) -> [AttackReport.Measure] {
        let victim = siege.honest[0]
        let values = siege.publish(3, farFrom: victim)
        let before = siege.contacts(of: victim)
        let source = siege.address(inNetwork: 0, host: 1)
        let identity = siege.newIdentity()
        siege.tally.watched = [source]
        let flooder = Assailant(every: .milliseconds(20)) { number, actions in
            actions.send(identity.packet(Attack.request(number)), to: victim.address)
        }
        siege.start(flooder, at: source)
        siege.world.run(for: .seconds(floodSeconds / 2))
        let lookups = siege.lookUp(values, on: siege.honest) + siege.lookUp(values, by: 1, on: [victim])
        siege.world.run(for: .seconds(floodSeconds / 2))
        // 10 requests in any 5 seconds, and as many in the time before and after.
        let allowed = 10 * (floodSeconds / 5 + 1)
        return siege.measures(of: lookups, atLeast: 15) + [
            .atMost(Double(allowed), "answers to the flooder", Double(siege.tally.answers(to: source, 2, 4, 6))),
            .none("contacts of the victim that are lost or moved", siege.lost(before, by: victim)),
            .atMost(500, "elements in the victim's largest table", Double(siege.largestTable(of: victim))),
            .noted("dropped: flood limit", Double(siege.drops("flood_limit"))),
            .noted("dropped: bad token", Double(siege.drops("bad_token"))),
        ]
    }

    /// Pings, finds and stores in turn.
    private static func request(_ number: Int) -> Message {
        let id = RequestID(UInt32(number & 0xFFFF))
        let target = Target(hashing: "flood \(number)")
        return switch number % 3 {
        case 0: .pingRequest(PingRequest(id: id))
        case 1: .findRequest(FindRequest(id: id, lan: .none, target: target, wantsNodes: true))
        default: .storeRequest(StoreRequest(id: id, token: Token(bits: .zero), target: target, values: [[0, 1]]))
        }
    }

    private static func floodByMany(_ siege: Siege) -> [AttackReport.Measure] {
        let victim = siege.honest[0]
        let values = siege.publish(3, farFrom: victim)
        let before = siege.contacts(of: victim)
        let sources = (1...2).map { siege.address(inNetwork: 0, host: $0) }
        siege.tally.watched = Set(sources)
        for source in sources {
            let flooder = Assailant(every: .microseconds(16_667)) { number, actions in
                // Stores fail for lack of a token before anything is counted; the other requests are the expensive
                // ones.
                let message = Attack.request(number - number % 3 + number % 2)
                actions.send(siege.newIdentity().packet(message), to: victim.address)
            }
            siege.start(flooder, at: source)
        }
        var largestTable = 0
        let lookOn = { (seconds: Int) in
            for _ in 0..<seconds {
                siege.world.run(for: .seconds(1))
                largestTable = max(largestTable, siege.largestTable(of: victim))
            }
        }
        lookOn(floodSeconds / 4)
        let lookups = siege.lookUp(values, on: siege.honest) + siege.lookUp(values, by: 1, on: [victim])
        lookOn(floodSeconds / 2)
        let allowed = 100 * (floodSeconds * 3 / 4 / 5 + 1)
        let answered = sources.map { siege.tally.answers(to: $0, 2, 4, 6) }.max() ?? 0
        // 120 keys a second count for 5 seconds, and a table is cleaned up at twice that size; 3,600 keys are sent.
        return siege.measures(of: lookups, atLeast: 15) + [
            .atMost(Double(allowed), "answers to one host", Double(answered)),
            .none("contacts of the victim that are lost or moved", siege.lost(before, by: victim)),
            .atMost(1300, "elements in the victim's largest table, at any second", Double(largestTable)),
            .noted("dropped: flood limit", Double(siege.drops("flood_limit"))),
        ]
    }

    private static func reflection(_ siege: Siege) -> [AttackReport.Measure] {
        let mirrors = siege.honestAddresses.prefix(2)
        let bystander = siege.address(inNetwork: 1, host: 1)
        siege.tally.bystanders = [bystander.host]
        let reflecting = Assailant(every: .milliseconds(10)) { number, actions in
            let id = RequestID(UInt32(number & 0xFFFF))
            let message: Message =
                number % 4 < 3
                ? .findRequest(FindRequest(id: id, lan: .none, target: Target(hashing: "\(number)"), wantsNodes: true))
                : .introductionRequest(
                    IntroductionRequest(
                        style: .old, globalTime: 1, destination: mirrors[0], sourceLAN: bystander,
                        sourceWAN: bystander, flags: .advice, identifier: UInt16(number & 0xFFFF)))
            actions.send(siege.newIdentity().packet(message), to: mirrors[number / 4 % 2], from: bystander)
        }
        siege.start(reflecting, at: siege.address(inNetwork: 0, host: 1))
        let seconds = 30
        siege.world.run(for: .seconds(seconds))
        let (sent, reflected) = (siege.tally.fromAdversary, siege.tally.toBystanders)
        return [
            .atMost(
                3, "datagrams to the bystander for each forged one",
                Double(reflected.datagrams) / Double(sent.datagrams)),
            .atMost(8, "bytes to the bystander for each forged one", Double(reflected.bytes) / Double(sent.bytes)),
            .atMost(
                60, "datagrams a second to the bystander by way of one node",
                Double(reflected.datagrams) / Double(seconds * mirrors.count)),
            .noted("dropped: flood limit", Double(siege.drops("flood_limit"))),
        ]
    }
}
