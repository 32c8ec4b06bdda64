import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// What a node does for others.
@Suite struct ServingTests {
    private let target = Target(hashing: "key")

    private func store(_ values: [[UInt8]], _ token: Token, id: UInt32 = 5) -> Message {
        .storeRequest(StoreRequest(id: RequestID(id), token: token, target: target, values: values))
    }

    @Test func aPingIsAnswered() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let effects = try bench.receive(.pingRequest(PingRequest(id: RequestID(77))), from: peer)
        #expect(effects.messages(to: peer.address).contains(.pingResponse(PingResponse(id: RequestID(77)))))
    }

    @Test(arguments: KeyLevel.allCases)
    func peersOfEveryKeyLevelAreAnswered(level: KeyLevel) throws {
        var bench = try Bench()
        let peer = try Peer(1, level: level)
        try bench.befriend(peer)
    }

    @Test func aStoreIsAcknowledgedOnceItIsDurableAndNotBefore() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let token = try bench.token(for: peer)
        let entry = try Entry(data: [1, 2, 3], version: Version(4), signedBy: peer.key)
        let before = try bench.receive(store([entry.bytes], token), from: peer)
        #expect(before.messages(to: peer.address) == [])
        let (id, intent) = try #require(before.commits.first)
        #expect(intent.entries == [entry] && intent.target == target)
        #expect(intent.expiresAt == bench.now + .seconds(3600))
        #expect(intent.provenance == .received(from: peer.key.publicKey.mid, at: peer.address))
        let after = bench.give(.commitCompleted(id, .held))
        #expect(after == [.send(.storeResponse(StoreResponse(id: RequestID(5))), to: peer.address)])
        #expect(bench.give(.commitCompleted(id, .held)) == [])
    }

    @Test(arguments: [(CommitOutcome.refused, "no_room"), (.failed, "archive_failed")])
    func aStoreThatIsNotDurableIsNotAcknowledged(outcome: CommitOutcome, reason: String) throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let effects = try bench.receive(store([[0, 1]], try bench.token(for: peer)), from: peer)
        let (id, _) = try #require(effects.commits.first)
        #expect(bench.give(.commitCompleted(id, outcome)) == [])
        #expect(bench.node.counters.named["dropped." + reason] == 1)
    }

    @Test func aTokenIsGoodForItsOwnerAtItsAddressAndForTenMinutes() throws {
        var bench = try Bench()
        let (owner, thief) = (try Peer(1), try Peer(2))
        let token = try bench.token(for: owner)
        #expect(try bench.receive(store([[0]], token, id: 6), from: thief) == [])
        let elsewhere = Address(host: owner.address.host, port: 9)
        let request = Packet.encode(store([[0]], token, id: 7), signedBy: owner.key)
        #expect(try bench.receive(bytes: request, from: elsewhere) == [])
        #expect(bench.node.counters.named["dropped.bad_token"] == 2)
        bench.now = bench.now + .seconds(299)
        #expect(try bench.receive(store([[0]], token, id: 8), from: owner).commits.count == 1)
        _ = bench.give(.tokenSecretDrawn([UInt8](repeating: 8, count: 32)))
        #expect(try bench.receive(store([[0]], token, id: 9), from: owner).commits.count == 1)
        #expect(try bench.token(for: owner) != token)
        _ = bench.give(.tokenSecretDrawn([UInt8](repeating: 9, count: 32)))
        #expect(try bench.receive(store([[0]], token, id: 10), from: owner).commits.count == 0)
    }

    @Test func anExpiredSecretOfAnEarlierRunIsGoodForNothing() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let token = try bench.token(for: peer)
        bench.now = bench.now + .seconds(610)
        #expect(try bench.receive(store([[0]], token), from: peer).commits.count == 0)
    }

    @Test func whatIsNoStoreIsDroppedWithItsReason() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let token = try bench.token(for: peer)
        let good = try Entry(data: [1], version: Version(4), signedBy: peer.key).bytes
        var forged = good
        forged[forged.count - 1] ^= 1
        let cases: [(String, [[UInt8]])] = [
            ("too_many_values", Array(repeating: [0], count: 9)),
            ("bad_entry.empty", [good, []]),
            ("bad_entry.too_long", [[UInt8](repeating: 0, count: 171)]),
            ("bad_entry.unknown_kind", [[9, 9]]),
            ("bad_entry.bad_length", [Array(good.dropLast())]),
            ("bad_entry_signature", [good, forged]),
        ]
        for (reason, values) in cases {
            let effects = try bench.receive(store(values, token), from: peer)
            #expect(effects.isEmpty, "\(reason)")
            #expect(bench.node.counters.named["dropped." + reason] == 1)
        }
    }

    @Test func aStoreOfNothingIsAcknowledged() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let effects = try bench.receive(store([], try bench.token(for: peer)), from: peer)
        #expect(effects.messages(to: peer.address) == [.storeResponse(StoreResponse(id: RequestID(5)))])
    }

    @Test func valuesAreFoundInPages() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let request = FindRequest(id: RequestID(5), lan: .none, target: target, offset: 8, wantsNodes: false)
        let load = try #require(try bench.receive(.findRequest(request), from: peer).loads.first)
        #expect(load.target == target && load.offset == 8 && load.limit == 8)
        let effects = bench.give(.entriesLoaded(load.id, [[0, 1], [0, 2]]))
        let response = try #require(effects.findResponses(to: peer.address).first)
        #expect(response.id == RequestID(5) && response.values == [[0, 1], [0, 2]] && response.nodes == [])
        #expect(effects.count == 1)
    }

    @Test func withoutValuesTheClosestNodesAreNamedAndTheFirstPuncturesTheAsker() throws {
        var bench = try Bench()
        let peers = try (1...12).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        let asker = peers[0]
        let lan = Address(host: .v4(0xC0A8_0001), port: 5)
        let request = FindRequest(id: RequestID(50_000), lan: lan, target: target, wantsNodes: false)
        let load = try #require(try bench.receive(.findRequest(request), from: asker).loads.first)
        let effects = bench.give(.entriesLoaded(load.id, []))
        let response = try #require(effects.findResponses(to: asker.address).first)
        let expected = peers[1...].map(\.info).sorted { distance($0) < distance($1) }.prefix(8)
        #expect(response.nodes == Array(expected) && response.values == [])
        let closest = try #require(response.nodes.first)
        let puncture = try #require(effects.messages(to: closest.address).first)
        guard case .punctureRequest(let asked) = puncture else {
            Issue.record("not a puncture request: \(puncture)")
            return
        }
        #expect(asked.walkerLAN == lan && asked.walkerWAN == asker.address && asked.identifier == 50_000)
    }

    private func distance(_ node: NodeInfo) -> Distance {
        Distance(NodeID(host: node.address.host, mid: node.publicKey.mid), target)
    }

    @Test func whatCannotBeReadIsNotDenied() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let request = FindRequest(id: RequestID(5), lan: .none, target: target, wantsNodes: false)
        let load = try #require(try bench.receive(.findRequest(request), from: peer).loads.first)
        #expect(bench.give(.loadFailed(load.id)) == [])
        #expect(bench.node.counters.named["dropped.archive_failed"] == 1)
    }

    @Test func theEleventhRequestInFiveSecondsIsDropped() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        func ping(_ number: UInt32) -> Message { .pingRequest(PingRequest(id: RequestID(number))) }
        for number in 0..<10 {
            #expect(try bench.receive(ping(UInt32(number)), from: peer).messages(to: peer.address).count >= 1)
        }
        #expect(try bench.receive(ping(10), from: peer) == [])
        #expect(bench.node.counters.named["dropped.flood_limit"] == 1)
        #expect(try bench.receive(ping(11), from: try Peer(2)).isEmpty == false)
        bench.now = bench.now + .seconds(5)
        #expect(try bench.receive(ping(12), from: peer).messages(to: peer.address).count >= 1)
    }

    @Test func aRequestThatIsSentOnCountsForNobody() throws {
        var bench = try Bench()
        let victim = try Peer(1)
        let bytes = Packet.encode(.pingRequest(PingRequest(id: RequestID(1))), signedBy: victim.key)
        for _ in 0..<50 { _ = try bench.receive(bytes: bytes, from: victim.address) }
        #expect(bench.node.counters.named["dropped.replayed"] == 49)
        let ping = Message.pingRequest(PingRequest(id: RequestID(2)))
        #expect(try bench.receive(ping, from: victim).messages(to: victim.address).count >= 1)
    }

    @Test func oneHostWithManyKeysIsLimitedAllTheSame() throws {
        var bench = try Bench(listeningOn: Address(host: .v4(0x0808_0101), port: 8090))
        let source = Address(host: .v4(0x0909_0909), port: 1)
        var answered = 0
        for number in 0..<150 {
            let ping = Message.pingRequest(PingRequest(id: RequestID(UInt32(number))))
            let effects = try bench.receive(
                bytes: Packet.encode(ping, signedBy: try PrivateKey.generate()), from: source)
            if effects.messages.contains(where: { $0.id == 2 }) { answered += 1 }
        }
        // A hundred are admitted, of which as many are answered as the host's bytes suffice for: 167 each.
        #expect(bench.node.counters.dropped[.refused(.floodLimit)] == 50)
        #expect(answered == 8192 / 167)
    }

    @Test func aHostThatHasUsedUpItsAllowanceAddsNoKeysToThoseThatAreCounted() throws {
        var bench = try Bench(listeningOn: Address(host: .v4(0x0808_0101), port: 8090))
        let source = Address(host: .v4(0x0909_0909), port: 1)
        for number in 0..<130 {
            let ping = Message.pingRequest(PingRequest(id: RequestID(UInt32(number))))
            _ = try bench.receive(bytes: Packet.encode(ping, signedBy: try PrivateKey.generate()), from: source)
        }
        #expect(bench.node.usages.first { $0.name == "senders of requests" }?.count == 100)
    }

    @Test func forgedRequestsUseUpNobodysAllowance() throws {
        var bench = try Bench()
        let victim = try Peer(1)
        var forged = Packet.encode(.pingRequest(PingRequest(id: RequestID(1))), signedBy: victim.key)
        forged[forged.count - 1] ^= 1
        for _ in 0..<50 { #expect(try bench.receive(bytes: forged, from: victim.address) == []) }
        #expect(bench.node.counters.named["dropped.bad_signature"] == 50)
        try bench.befriend(victim)
    }

    @Test func valuesFarFromUsAreServedForAShorterTime() throws {
        var bench = try Bench()
        let peers = try (1...40).map { try Peer($0) }
        for peer in peers { try bench.meet(peer) }
        let own = try #require(bench.node.endpoints.first).nodeID
        let contacts = bench.node.contacts
        for number in 0..<30 {
            let target = Target(hashing: "key \(number)")
            let closer = contacts.sorted { Distance($0.id, target) < Distance($1.id, target) }.prefix(20)
                .count { Distance($0.id, target) < Distance(own, target) }
            let seconds = 3600 / (1 << max(0, closer - 7))
            bench.now = bench.now + .seconds(6)
            let peer = peers[number]
            let token = try bench.token(for: peer)
            let request = StoreRequest(id: RequestID(1), token: token, target: target, values: [[0]])
            let (_, intent) = try #require(try bench.receive(.storeRequest(request), from: peer).commits.first)
            let served = intent.expiresAt - bench.now
            #expect(abs(served.nanoseconds - Int64(seconds) * 1_000_000_000) < 1_000_000_000)
        }
    }

    @Test func checksOfOlderCurvesAreLimitedAndStrangersCannotUseUpTheContactsShare() throws {
        var bench = try Bench()
        let contact = try Peer(1, level: .high)
        try bench.befriend(contact)
        let strangers = try (2..<6).map { try Peer($0, level: .high) }
        for round in 0..<400 {
            let stranger = strangers[round % strangers.count]
            _ = try forge(1, by: stranger, to: &bench)
        }
        let shed = try #require(bench.node.counters.named["dropped.overloaded"])
        #expect(shed > 100 && shed < 400)
        let ping = Message.pingRequest(PingRequest(id: RequestID(2)))
        #expect(try bench.receive(ping, from: contact).messages(to: contact.address).count >= 1)
        let today = try Peer(9)
        #expect(try bench.receive(ping, from: today).messages(to: today.address).count >= 1)
        bench.now = bench.now + .seconds(5)
        #expect(try bench.receive(ping, from: strangers[0]).messages(to: strangers[0].address).count >= 1)
    }

    /// Before its signature is checked, a packet may be of anybody.
    @Test func whoClaimsToBeOneContactTakesNoMoreThanItsShareOfTheChecks() throws {
        var bench = try Bench()
        let (busy, other) = (try Peer(1), try Peer(2))
        for peer in [busy, other] { try bench.befriend(peer) }
        func checks(_ count: Int, from peer: Peer) -> [WorkID] {
            (0..<count).compactMap { _ in
                let bytes = Packet.encode(.pingRequest(PingRequest(id: bench.freshID())), signedBy: peer.key)
                guard case .verify(let id, _, _)? = bench.give(.datagramReceived(bytes, from: peer.address)).first
                else { return nil }
                return id
            }
        }
        let underWay = checks(50, from: busy)
        #expect(underWay.count == ChecksUnderWay.countMax)
        #expect(bench.node.counters.named["dropped.overloaded"] == 50 - ChecksUnderWay.countMax)
        #expect(checks(1, from: other).count == 1)
        _ = bench.give(.signaturesChecked(underWay[0], SignatureVerdict(packetIsAuthentic: false)))
        #expect(checks(2, from: busy).count == 1)
    }

    @Test func whoClaimsToBeContactsLeavesRoomForTheAnswersThatAreAwaited() throws {
        var bench = try Bench()
        let contacts = try (1...12).map { try Peer($0, level: .high) }
        let asked = try Peer(20, level: .high)
        for contact in contacts {
            try bench.befriend(contact)
            bench.now = bench.now + .seconds(1)
        }
        let ping = try #require(
            bench.give(.commandIssued(CommandID(1), .ping(asked.address))).pings(to: asked.address).first)
        // More than the time for older curves allows for.
        let sent = try contacts[1...].map { try forge(20, by: $0, to: &bench) }
        #expect(sent[0] == 20 && sent.reduce(0, +) < 200)
        let answer = try bench.receive(.pingResponse(PingResponse(id: ping)), from: asked)
        #expect(answer.outcomes == [.pinged(asked.key.publicKey, roundTrip: .zero)])
    }

    @Test func whoClaimsToBeOneContactWithACostlyKeyLeavesTheOthersTheirChecks() throws {
        var bench = try Bench()
        let (busy, other) = (try Peer(1, level: .high), try Peer(2, level: .high))
        for peer in [busy, other] { try bench.befriend(peer) }
        #expect(try forge(400, by: busy, to: &bench) < 200)
        #expect(try forge(10, by: other, to: &bench) == 10)
    }

    /// Sends requests that a peer has not signed, and returns how many of them are checked.
    private func forge(_ count: Int, by peer: Peer, to bench: inout Bench) throws -> Int {
        let before = bench.node.counters.named["dropped.bad_signature"] ?? 0
        for _ in 0..<count {
            var bytes = Packet.encode(.pingRequest(PingRequest(id: bench.freshID())), signedBy: peer.key)
            bytes[bytes.count - 1] ^= 1
            _ = try bench.receive(bytes: bytes, from: peer.address)
        }
        return (bench.node.counters.named["dropped.bad_signature"] ?? 0) - before
    }

    @Test func messagesOfThisNodesOwnKeyAreDropped() throws {
        var bench = try Bench()
        let packet = Packet.encode(.pingRequest(PingRequest(id: RequestID(1))), signedBy: bench.key)
        #expect(try bench.receive(bytes: packet, from: Bench.address) == [])
        #expect(bench.node.counters.named["dropped.own_packet"] == 1)
    }

    /// The number of the ping to somebody who may have this node's key.
    private func pingToTwin(_ effects: [Effect], at address: Address) throws -> RequestID {
        try #require(
            effects.messages(to: address).compactMap { if case .pingRequest(let ping) = $0 { ping.id } else { nil } }
                .first)
    }

    @Test func whoAnswersWithThisNodesKeyIsATwin() throws {
        var bench = try Bench()
        let packet = Packet.encode(.pingRequest(PingRequest(id: RequestID(1))), signedBy: bench.key)
        #expect(try bench.receive(bytes: packet, from: Bench.address) == [])
        let elsewhere = Address(host: Bench.address.host, port: Bench.address.port + 1)
        let effects = try bench.receive(bytes: packet, from: elsewhere)
        // A twin looks for one too.
        #expect(effects.messages(to: elsewhere).contains(.pingResponse(PingResponse(id: RequestID(1)))))
        #expect(bench.node.twin == nil)
        let id = try pingToTwin(effects, at: elsewhere)
        let answer = Packet.encode(.pingResponse(PingResponse(id: id)), signedBy: bench.key)
        #expect(try bench.receive(bytes: answer, from: elsewhere) == [])
        #expect(bench.node.twin == TwinSightings(address: elsewhere, lastSeen: bench.now, count: 1))
    }

    /// Forged, replayed or relayed, by somebody who has not got the key.
    @Test func nobodyPassesForATwin() throws {
        var bench = try Bench()
        let address = try Peer(1).address
        var forged = Packet.encode(.pingRequest(PingRequest(id: RequestID(1))), signedBy: bench.key)
        forged[forged.count - 1] ^= 1
        let effects = try bench.receive(bytes: forged, from: address)
        #expect(!effects.messages(to: address).contains { if case .pingResponse = $0 { true } else { false } })
        let id = try pingToTwin(effects, at: address)
        // The ping itself is sent back, which this node does not answer, and then an answer that it did not sign.
        let ping = Packet.encode(.pingRequest(PingRequest(id: id)), signedBy: bench.key)
        #expect(try bench.receive(bytes: ping, from: address) == [])
        var answer = Packet.encode(.pingResponse(PingResponse(id: id)), signedBy: bench.key)
        answer[answer.count - 1] ^= 1
        _ = try bench.receive(bytes: answer, from: address)
        #expect(bench.node.twin == nil)
        // However many come, one ping goes out in five seconds.
        for _ in 0..<20 { #expect(try bench.receive(bytes: forged, from: address) == []) }
    }

    @Test func noiseIsCountedByReasonAndChangesNothing() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let ping = Packet.encode(.pingRequest(PingRequest(id: RequestID(1))), signedBy: peer.key)
        var unknown = ping
        unknown[22] = 99
        var deprecated = ping
        deprecated[22] = 255
        let cases: [(String, [UInt8])] = [
            ("foreign_prefix", []), ("foreign_prefix", [UInt8](repeating: 1, count: 100)),
            ("too_long", [UInt8](repeating: 0, count: 65_507)), ("cut_short", Array(ping[..<30])),
            ("unknown_message", unknown), ("deprecated_message", deprecated), ("trailing_bytes", ping + [0]),
        ]
        for (_, bytes) in cases { #expect(try bench.receive(bytes: bytes, from: peer.address) == []) }
        for (reason, _) in cases {
            let expected = cases.count { $0.0 == reason }
            #expect(bench.node.counters.named["dropped." + reason] == expected, "\(reason)")
        }
        #expect(bench.node.counters.datagramsReceived == cases.count)
        try bench.befriend(peer)
    }

    @Test func nobodyIsAnsweredAtAnAddressThatNobodyHas() throws {
        var bench = try Bench()
        let packet = Packet.encode(.pingRequest(PingRequest(id: RequestID(1))), signedBy: try Peer(1).key)
        for text in ["127.0.0.1:0", "224.0.0.1:8090", "[::1]:8090"] {
            let address = try #require(Address(text))
            #expect(try bench.receive(bytes: packet, from: address) == [])
        }
        #expect(bench.node.counters.named["dropped.bad_source"] == 3)
    }
}
