internal import DHTCore
internal import IPv8
internal import Kademlia

/// Attacks that impersonate others.
extension Attack {
    static let forgeries: [Attack] = [
        Attack(
            "forged-senders",
            "Packets with bad signatures seem to come from all contacts of a node: requests and answers.",
            reliesOn: .signatures, attempt: forgedSenders),
        Attack(
            "replayed", "Genuine requests of honest nodes are sent again, from their own addresses and from others.",
            attempt: replayed),
    ]

    private static func forgedSenders(_ siege: Siege) -> [AttackReport.Measure] {
        let victim = siege.honest[0]
        let values = siege.publish(3, farFrom: victim)
        let before = siege.contacts(of: victim)
        // Half of them come from the adversary's own address, so that contacts would move there.
        let own = siege.address(inNetwork: 0, host: 1)
        let forger = Assailant(
            every: .milliseconds(20),
            hearing: { packet, source, actions in
                guard case .pingRequest(let ping) = packet.message, let contact = before.first?.node else { return }
                let pong = Message.pingResponse(PingResponse(id: ping.id))
                actions.send(Attack.forged(pong, as: contact.publicKey), to: source)
            },
            { number, actions in
                let node = before[number % before.count].node
                let id = RequestID(UInt32(number & 0xFFFF))
                let message: Message =
                    number % 3 == 0
                    ? .pingRequest(PingRequest(id: id))
                    : .findRequest(FindRequest(id: id, lan: .none, target: Target(hashing: "x"), wantsNodes: true))
                let source = number % 2 == 0 ? node.address : own
                actions.send(Attack.forged(message, as: node.publicKey), to: victim.address, from: source)
            })
        siege.tally.watched = [own]
        siege.start(forger, at: own)
        siege.world.run(for: .seconds(40))
        let lookups = siege.lookUp(values) + siege.lookUp(values, by: 1, on: [victim])
        siege.world.run(for: .seconds(40))
        return siege.measures(of: lookups, atLeast: 15) + [
            .none("contacts of the victim that are lost or moved", siege.lost(before, by: victim)),
            .none("answers to forged requests", siege.tally.answers(to: own, 1, 2, 6)),
            .noted("dropped: bad signature", Double(siege.drops("bad_signature"))),
        ]
    }

    /// A packet in somebody's name with a wrong signature.
    static func forged(_ message: Message, as key: PublicKey) -> [UInt8] {
        Packet.encode(message, from: key) { _ in [UInt8](repeating: 0x5A, count: key.level.signatureByteCount) }
    }

    private static func replayed(_ siege: Siege) -> [AttackReport.Measure] {
        let victim = siege.honest[0]
        let values = siege.publish(3, farFrom: victim)
        let before = siege.contacts(of: victim)
        var heard: [(bytes: [UInt8], source: Address)] = []
        var sent: Set<[Int]> = []
        let own = siege.address(inNetwork: 0, host: 1)
        let meeting = siege.newIdentity()
        let replayer = Assailant(
            every: .milliseconds(20),
            hearing: { packet, source, actions in
                if source != victim.address, heard.count < 64 { heard.append((packet.bytes, source)) }
                guard case .pingRequest(let ping) = packet.message else { return }
                actions.send(meeting.packet(.pingResponse(PingResponse(id: ping.id))), to: source)
            },
            { number, actions in
                if number % 500 < siege.honest.count {
                    let ping = Message.pingRequest(PingRequest(id: RequestID(UInt32(number & 0xFFFF))))
                    actions.send(meeting.packet(ping), to: siege.honest[number % 500].address)
                }
                guard !heard.isEmpty else { return }
                // Alternates between the two addresses.
                let (round, place) = number.quotientAndRemainder(dividingBy: heard.count)
                let isInItsName = round % 2 == 0
                sent.insert([place, isInItsName ? 0 : 1])
                actions.send(heard[place].bytes, to: victim.address, from: isInItsName ? heard[place].source : own)
            })
        siege.start(replayer, at: own)
        siege.world.run(for: .seconds(40))
        let lookups = siege.lookUp(values) + siege.lookUp(values, by: 1, on: [victim])
        // The victim pings the replayer so often that a lookup has to wait for its turn there.
        siege.world.run(for: .seconds(40))
        return siege.measures(of: lookups, atLeast: 15) + [
            .none("contacts of the victim that are lost or moved", siege.lost(before, by: victim)),
            .atLeast(1, "dropped: replayed", Double(siege.drops("replayed"))),
            .noted("packets that were heard", Double(heard.count)),
            .atLeast(2, "addresses that each was sent on from", Double(sent.count) / Double(max(1, heard.count))),
        ]
    }
}
