internal import DHTCore
internal import IPv8
internal import Kademlia

/// Attacks with forged addresses.
extension Attack {
    static let strangers: [Attack] = [
        Attack(
            "blind-pongs",
            "A ping seems to come from a bystander's address, and so do 65,536 answers to the node's own ping.",
            reliesOn: .wideNumbers, on: Overlay(count: 6), attempt: blindPongs),
        Attack(
            "reflection-network", "4,000 finds a second seem to come from all 256 hosts of a bystander's network.",
            reliesOn: .prefixLimits, attempt: reflectionToNetwork),
        Attack(
            "reflection-total", "4,000 finds a second seem to come from ever new networks.",
            reliesOn: .prefixLimits, attempt: reflectionToAll),
        Attack(
            "newcomers", "2,000 pings a second from ever new networks arrive while five nodes want to join.",
            on: Overlay(count: 6), attempt: newcomers),
        Attack(
            "flood-finds", "5,000 finds a second from ever new networks reach a node on a slow machine.",
            reliesOn: .lanes,
            on: Overlay(
                count: 8,
                adjust: {
                    // A signature check takes five times as long as on the machine of the figures in the documents.
                    $0.workTimes = WorkTimes(
                        check: .microseconds(250), read: .microseconds(100), send: .microseconds(85))
                }),
            attempt: floodOfFinds),
    ]

    private static func find(_ number: Int, wantsNodes: Bool = true) -> Message {
        .findRequest(
            FindRequest(
                id: RequestID(UInt32(number & 0xFFFF)), lan: .none, target: Target(hashing: "\(number)"),
                wantsNodes: wantsNodes))
    }

    private static func blindPongs(_ siege: Siege) -> [AttackReport.Measure] {
        let victim = siege.honest[0]
        let identity = siege.newIdentity()
        let attempts = 3
        let bystanders = (0..<attempts).map { siege.address(inNetwork: $0, host: 1) }
        let forger = Assailant(every: .seconds(1)) { number, actions in
            // A ping every ten seconds, and a second later all possible answers of 16 bits.
            guard number / 10 < attempts else { return }
            let bystander = bystanders[number / 10]
            if number % 10 == 0 {
                let ping = Message.pingRequest(PingRequest(id: RequestID(UInt32(number))))
                actions.send(identity.packet(ping), to: victim.address, from: bystander)
            } else if number % 10 == 1 {
                for guess in 0...RequestID.requestMax {
                    let pong = Message.pingResponse(PingResponse(id: RequestID(guess)))
                    actions.send(identity.packet(pong), to: victim.address, from: bystander)
                }
            }
        }
        siege.start(forger, at: siege.address(inNetwork: 9, host: 1))
        let added = ContactWatch(on: victim, at: Set(bystanders))
        for _ in 0..<attempts * 20 {
            siege.world.run(for: .milliseconds(500))
            added.look()
        }
        return [
            .none("bystanders that the victim takes for contacts", added.seen.count),
            .atLeast(
                Double(attempts) * 65_000, "dropped: answers to nothing", Double(siege.drops("unmatched_response"))),
        ]
    }

    /// The given addresses at which a node has had a contact.
    private final class ContactWatch {
        private let machine: Machine
        private let addresses: Set<Address>
        private(set) var seen: Set<Address> = []

        init(on machine: Machine, at addresses: Set<Address>) {
            self.machine = machine
            self.addresses = addresses
        }

        func look() {
            let contacts = machine.host?.node.contacts ?? []
            seen.formUnion(contacts.map(\.node.address).filter(addresses.contains))
        }
    }

    private static func reflectionToNetwork(_ siege: Siege) -> [AttackReport.Measure] {
        reflection(siege, boundPerSecond: 8192) { siege.address(inNetwork: 1, host: $0) }
    }

    private static func reflectionToAll(_ siege: Siege) -> [AttackReport.Measure] {
        reflection(siege, boundPerSecond: 150_000) { siege.address(inNetwork: 100 + $0 / 2, host: $0) }
    }

    /// - Parameter source: the forged source of the request with a number.
    private static func reflection(
        _ siege: Siege, boundPerSecond: Double, from source: @escaping (Int) -> Address
    ) -> [AttackReport.Measure] {
        let mirror = siege.honest[0].address
        let reflecting = Assailant(every: .microseconds(250)) { number, actions in
            let bystander = source(number)
            siege.tally.bystanders.insert(bystander.host)
            actions.send(siege.newIdentity().packet(find(number)), to: mirror, from: bystander)
        }
        siege.start(reflecting, at: siege.address(inNetwork: 0, host: 1))
        // The bursts are used up by then, so this measures the lasting rate.
        siege.world.run(for: .seconds(10))
        let (before, sentBefore) = (siege.tally.toBystanders, siege.tally.fromAdversary)
        let seconds = 10
        siege.world.run(for: .seconds(seconds))
        let bytes = Double(siege.tally.toBystanders.bytes - before.bytes)
        return [
            .atMost(boundPerSecond, "bytes a second to the bystanders", bytes / Double(seconds)),
            .atMost(
                1, "bytes to the bystanders for each forged one",
                bytes / Double(siege.tally.fromAdversary.bytes - sentBefore.bytes)),
            .noted("bytes to them in the first 10 seconds", Double(before.bytes)),
            .noted("dropped: unproven address", Double(siege.drops("unproven_address"))),
        ]
    }

    private static func newcomers(_ siege: Siege) -> [AttackReport.Measure] {
        let victim = siege.honest[0]
        let flooder = Assailant(every: .microseconds(500)) { number, actions in
            let ping = Message.pingRequest(PingRequest(id: RequestID(UInt32(number))))
            let source = siege.address(inNetwork: 100 + number, host: 1)
            actions.send(siege.newIdentity().packet(ping), to: victim.address, from: source)
        }
        siege.start(flooder, at: siege.address(inNetwork: 0, host: 1))
        siege.world.run(for: .seconds(10))
        let newcomers = (0..<5).map { _ in siege.addNewcomer(knowing: [victim.address]) }
        // Who is let in first is a matter of chance, so one of them may have to wait for longer.
        let joined = [30, 60].map { _ in
            siege.world.run(for: .seconds(30))
            let contacts = Set(siege.contacts(of: victim).map(\.node.address))
            return Double(newcomers.count { contacts.contains($0.address) })
        }
        return [
            .atLeast(4, "newcomers that are contacts after 30 s", joined[0]),
            .atLeast(5, "newcomers that are contacts after 60 s", joined[1]),
            .atLeast(
                5, "newcomers that have contacts of their own",
                Double(newcomers.count { !siege.contacts(of: $0).isEmpty })),
            .noted("dropped: unproven address", Double(siege.drops("unproven_address"))),
        ]
    }

    private static func floodOfFinds(_ siege: Siege) -> [AttackReport.Measure] {
        let victim = siege.honest[0]
        let flooder = Assailant(every: .microseconds(200)) { number, actions in
            let source = siege.address(inNetwork: 100 + number, host: 1)
            actions.send(siege.newIdentity().packet(find(number, wantsNodes: false)), to: victim.address, from: source)
        }
        siege.start(flooder, at: siege.address(inNetwork: 0, host: 1))
        siege.world.run(for: .seconds(5))
        var pings: [CommandID] = []
        for round in 0..<10 {
            pings.append(siege.world.issue(.ping(victim.address), on: siege.honest[1 + round % 7]))
            siege.world.run(for: .seconds(1))
        }
        siege.world.run(for: .seconds(6))
        let roundTrips = pings.compactMap { command -> Double? in
            guard case .pinged(_, let roundTrip) = siege.world.outcomes[command] else { return nil }
            return roundTrip / Duration.seconds(1)
        }
        return [
            .atLeast(10, "pings by contacts that are answered", Double(roundTrips.count)),
            .atMost(0.25, "seconds that the slowest of them takes", roundTrips.max() ?? .infinity),
            .noted("dropped: overloaded", Double(siege.drops("overloaded"))),
        ]
    }
}
