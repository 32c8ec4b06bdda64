import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// Finding peers by their key.
@Suite struct PeersByKeyTests {
    private func record(of peer: Peer, _ token: Token, target: Target? = nil) -> Message {
        let own = Target(bits: peer.key.publicKey.mid.bits)
        return .storePeerRequest(StorePeerRequest(id: RequestID(3), token: token, target: target ?? own))
    }

    private func search(for peer: Peer, id: UInt32 = 4) -> Message {
        let target = Target(bits: peer.key.publicKey.mid.bits)
        return .connectPeerRequest(ConnectPeerRequest(id: RequestID(id), lan: Bench.address, target: target))
    }

    private func found(in effects: [Effect], by peer: Peer) -> [NodeInfo]? {
        effects.messages(to: peer.address).compactMap { message in
            if case .connectPeerResponse(let response) = message { response.nodes } else { nil }
        }.first
    }

    // MARK: As a server

    @Test func aPeerThatHadItselfRememberedIsToldOfAndPuncturesTheAsker() throws {
        var bench = try Bench()
        let (peer, asker) = (try Peer(1), try Peer(2))
        let stored = try bench.receive(record(of: peer, try bench.token(for: peer)), from: peer)
        #expect(stored.messages(to: peer.address).contains(.storePeerResponse(StorePeerResponse(id: RequestID(3)))))
        let effects = try bench.receive(search(for: peer), from: asker)
        #expect(found(in: effects, by: asker) == [peer.info])
        let puncture = effects.messages(to: peer.address).compactMap { message in
            if case .punctureRequest(let request) = message { request } else { nil }
        }.first
        #expect(puncture?.walkerWAN == asker.address && puncture?.walkerLAN == Bench.address)
        #expect(puncture?.identifier == 4)
    }

    @Test func ofAPeerThatNobodyKnowsNothingRemains() throws {
        var bench = try Bench()
        let asker = try Peer(1)
        #expect(found(in: try bench.receive(search(for: try Peer(2)), from: asker), by: asker) == [])
        #expect(bench.node.peersByKey.registeredCount == 0)
    }

    @Test func nobodyIsRememberedUnderAnothersMidOrWithoutAToken() throws {
        var bench = try Bench()
        let (peer, other) = (try Peer(1), try Peer(2))
        let token = try bench.token(for: peer)
        let foreign = Target(bits: other.key.publicKey.mid.bits)
        #expect(try bench.receive(record(of: peer, token, target: foreign), from: peer) == [])
        #expect(try bench.receive(record(of: other, token), from: other) == [])
        #expect(bench.node.counters.named["dropped.foreign_mid"] == 1)
        #expect(bench.node.counters.named["dropped.bad_token"] == 1)
    }

    @Test func aRecordLivesForAMinuteAfterThePeersLastSign() throws {
        var bench = try Bench()
        let (peer, asker) = (try Peer(1), try Peer(2))
        _ = try bench.receive(record(of: peer, try bench.token(for: peer)), from: peer)
        bench.now = bench.now + .seconds(50)
        _ = try bench.receive(.pingRequest(PingRequest(id: RequestID(1))), from: peer)
        bench.now = bench.now + .seconds(59)
        #expect(found(in: try bench.receive(search(for: peer), from: asker), by: asker) == [peer.info])
        bench.now = bench.now + .seconds(1)
        #expect(found(in: try bench.receive(search(for: peer, id: 5), from: asker), by: asker) == [])
        _ = bench.give(.timerFired)
        #expect(bench.node.peersByKey.registeredCount == 0)
    }

    @Test func anAnswerIsASignOfLifeToo() throws {
        var bench = try Bench()
        let (peer, asker) = (try Peer(1), try Peer(2))
        try bench.befriend(peer)
        _ = try bench.receive(record(of: peer, try bench.token(for: peer)), from: peer)
        _ = try bench.converse(for: .seconds(90), with: [peer])
        #expect(found(in: try bench.receive(search(for: peer), from: asker), by: asker) == [peer.info])
    }

    @Test func aPeerThatMovedIsToldOfAtItsNewAddressOnly() throws {
        var bench = try Bench()
        let (peer, asker) = (try Peer(1), try Peer(2))
        _ = try bench.receive(record(of: peer, try bench.token(for: peer)), from: peer)
        let moved = Peer(key: peer.key, address: Address(host: peer.address.host, port: 9999))
        _ = try bench.receive(record(of: moved, try bench.token(for: moved)), from: moved)
        #expect(found(in: try bench.receive(search(for: peer), from: asker), by: asker) == [moved.info])
        #expect(bench.node.peersByKey.registeredCount == 1)
    }

    @Test func theRegistryIsBoundedAndSharedOutAmongNetworks() throws {
        var registry = PeerRegistry()
        var now = Instant(seconds: 1000)
        func node(_ number: Int, host: UInt32) throws -> NodeInfo {
            let key = Array("LibNaCLPK:".utf8) + Target(hashing: "\(number)").bytes + [UInt8](repeating: 0, count: 44)
            return NodeInfo(
                address: Address(host: .v4(host), port: 1), publicKey: try #require(PublicKey(bytes: key)))
        }
        let inOneNetwork = try (0..<300).map { try node($0, host: 0x0808_0800 + UInt32($0 % 250)) }
        #expect(inOneNetwork.count { registry.store($0, at: now) } == PeerRegistry.recordsPerPrefixMax)
        for number in 300..<(300 + PeerRegistry.recordsMax) {
            now = now + .milliseconds(1)
            #expect(registry.store(try node(number, host: UInt32(0x0900_0000 + number * 256)), at: now) == true)
        }
        #expect(registry.count == PeerRegistry.recordsMax)
        // Those of the one network were the quietest.
        #expect(registry.find(inOneNetwork[0].publicKey.mid, at: now) == [])
    }

    // MARK: As a client

    @Test func fourNodesAtLeastRememberUsAndArePinged() throws {
        var bench = try Bench()
        let peers = try (1...6).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        let effects = try bench.converse(for: .seconds(30), with: peers)
        let stores = effects.messages.compactMap { message in
            if case .storePeerRequest(let request) = message { request } else { nil }
        }
        #expect(stores.count == 6)
        #expect(stores.allSatisfy { $0.target.bits == bench.key.publicKey.mid.bits })
        #expect(bench.node.peersByKey.holders.count == 6)
        // Each hears of us at least every 25 seconds, or it would forget us.
        let minute = try bench.converse(for: .seconds(60), with: peers)
        for peer in peers { #expect(minute.pings(to: peer.address).count >= 2) }
        // Those that fall silent are replaced, or at least not counted on.
        _ = try bench.converse(for: .seconds(60), with: Array(peers[..<2]))
        #expect(bench.node.peersByKey.holders.count == 2)
    }

    @Test func ourRecordIsStoredAnewEveryTenMinutesOnThoseWhoMayHaveForgottenIt() throws {
        var bench = try Bench()
        let peers = try (1...6).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        #expect(try bench.converse(for: .seconds(30), with: peers).recordStores == 6)
        #expect(try bench.converse(for: .seconds(540), with: peers).recordStores == 0)
        #expect(try bench.converse(for: .seconds(60), with: peers).recordStores == 6)
        #expect(bench.node.peersByKey.holders.count == 6)
    }

    @Test func ourRecordIsStoredOnCloserNodesThatJoinAfterUs() throws {
        var bench = try Bench()
        let peers = try (1...14).map { try Peer($0) }
        let mid = Target(bits: bench.key.publicKey.mid.bits)
        for peer in peers[..<6] { try bench.befriend(peer) }
        #expect(try bench.converse(for: .seconds(30), with: Array(peers[..<6])).recordStores == 6)
        for peer in peers[6...] { try bench.befriend(peer) }
        _ = try bench.converse(for: .seconds(60), with: peers)
        let closest = peers.map(\.info).sorted { Distance($0.id, mid) < Distance($1.id, mid) }.prefix(8)
        #expect(Set(closest).isSubset(of: bench.node.peersByKey.holders.map(\.node)))
    }

    @Test func whoDoesNotConfirmAnewCountsNoLongerThoughItAnswersPings() throws {
        var record = OwnRecord()
        let (loyal, forgetful) = (try Peer(1).info, try Peer(2).info)
        var now = Instant(seconds: 1000)
        for node in [loyal, forgetful] { record.confirmed(by: node, at: now) }
        for second in 0..<700 {
            now = Instant(seconds: 1000 + Int64(second))
            for node in [loyal, forgetful] { record.pinged(node, at: now) }
            if second == 610 { record.confirmed(by: loyal, at: now) }
            record.dropForgetful(at: now)
        }
        #expect(record.holders.map(\.node) == [loyal])
    }

    @Test func whoHasNotBeenPingedForAMinuteHasForgottenUs() throws {
        var bench = try Bench()
        let peers = try (1...6).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        _ = try bench.converse(for: .seconds(30), with: peers)
        #expect(bench.node.peersByKey.holders.count == 6)
        // The machine was asleep.
        bench.now = bench.now + .seconds(61)
        _ = bench.give(.timerFired)
        #expect(bench.node.peersByKey.holders.isEmpty)
        #expect(try bench.converse(for: .seconds(40), with: peers).recordStores == 6)
    }

    @Test func aPeerIsFoundThroughThoseThatRememberItAndCountsOnceItAnswers() throws {
        var bench = try Bench()
        let (holder, peer, liar) = (try Peer(1), try Peer(2), try Peer(3))
        try bench.befriend(holder)
        var effects = bench.give(.commandIssued(CommandID(1), .connect(peer.key.publicKey.mid, knownAddress: nil)))
        let find = try #require(effects.finds(to: holder.address).first)
        #expect(find.wantsNodes)
        let answer = FindResponse(id: find.id, token: Token(bits: .zero))
        effects = try bench.receive(.findResponse(answer), from: holder)
        let request = effects.messages(to: holder.address).compactMap { message in
            if case .connectPeerRequest(let request) = message { request } else { nil }
        }.first
        let response = ConnectPeerResponse(id: try #require(request).id, nodes: [liar.info, peer.info])
        effects = try bench.receive(.connectPeerResponse(response), from: holder)
        #expect(effects.pings(to: liar.address) == [] && effects.outcomes == [])
        let ping = try #require(effects.pings(to: peer.address).first)
        effects = try bench.receive(.pingResponse(PingResponse(id: ping)), from: peer)
        #expect(effects.outcomes == [.connected([peer.info])])
    }

    @Test func aPeerThatIsNamedButSilentIsNotReportedAsConnected() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        _ = try bench.receive(record(of: peer, try bench.token(for: peer)), from: peer)
        var effects = bench.give(.commandIssued(CommandID(1), .connect(peer.key.publicKey.mid, knownAddress: nil)))
        #expect(effects.pings(to: peer.address).count == 1)
        effects += bench.pass(.seconds(12))
        // At once, when the answer is late, and when it has not come.
        #expect(effects.pings(to: peer.address).count == 3)
        #expect(effects.outcomes == [.connected([])])
    }

    @Test func aConnectedPeerDoesNotWaitForANodeThatIsLate() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let (peer, holder) = (try Peer(1), try Peer(2))
        try bench.befriend(holder)
        _ = try bench.receive(record(of: peer, try bench.token(for: peer)), from: peer)
        var effects = bench.give(.commandIssued(CommandID(1), .connect(peer.key.publicKey.mid, knownAddress: nil)))
        let find = try #require(effects.finds(to: holder.address).first)
        let answer = FindResponse(id: find.id, token: Token(bits: .zero))
        effects = try bench.receive(.findResponse(answer), from: holder)
        let ping = try #require(effects.pings(to: peer.address).first)
        effects = try bench.receive(.pingResponse(PingResponse(id: ping)), from: peer)
        #expect(effects.outcomes == [])
        let later = bench.pass(.seconds(1)).outcomes
        #expect(later == [.connected([peer.info])])
    }

    /// The first ping may come to a NAT that is still closed.
    @Test func aPeerThatAnswersTheSecondPingIsConnected() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        _ = try bench.receive(record(of: peer, try bench.token(for: peer)), from: peer)
        _ = bench.give(.commandIssued(CommandID(1), .connect(peer.key.publicKey.mid, knownAddress: nil)))
        let again = try #require(bench.pass(.seconds(6)).pings(to: peer.address).last)
        let effects = try bench.receive(.pingResponse(PingResponse(id: again)), from: peer)
        #expect(effects.outcomes == [.connected([peer.info])])
    }

    @Test func withOurselvesThereIsNobodyToConnect() throws {
        var bench = try Bench()
        let effects = bench.give(.commandIssued(CommandID(1), .connect(bench.key.publicKey.mid, knownAddress: nil)))
        #expect(effects == [.emit(.commandCompleted(CommandID(1), .connected([])))])
    }

    @Test func theKnownAddressIsTriedFirst() throws {
        var bench = try Bench()
        let (peer, stranger) = (try Peer(1), try Peer(2))
        let mid = peer.key.publicKey.mid
        var effects = bench.give(.commandIssued(CommandID(1), .connect(mid, knownAddress: peer.address)))
        let ping = try #require(effects.pings(to: peer.address).first)
        #expect(effects.messages.count == 1)
        effects = try bench.receive(.pingResponse(PingResponse(id: ping)), from: peer)
        #expect(effects.outcomes == [.connected([peer.info])])
        // Somebody else has the address by now: the search goes on, here without anybody to ask.
        effects = bench.give(.commandIssued(CommandID(2), .connect(mid, knownAddress: stranger.address)))
        let second = try #require(effects.pings(to: stranger.address).first)
        effects = try bench.receive(.pingResponse(PingResponse(id: second)), from: stranger)
        effects += bench.pass(.seconds(30))
        #expect(effects.outcomes == [.connected([])])
    }
}

extension [Effect] {
    /// How many nodes are asked to remember us.
    fileprivate var recordStores: Int { messages.count { if case .storePeerRequest = $0 { true } else { false } } }
}

extension Bench {
    /// Lets time pass while peers answer every ping, find and store-peer request at once; returns all effects.
    mutating func converse(for duration: Duration, with peers: [Peer]) throws -> [Effect] {
        let end = now + duration
        var all: [Effect] = []
        while now < end {
            var fresh = pass(.milliseconds(500))
            while !fresh.isEmpty {
                all += fresh
                let asked = fresh
                fresh = []
                for peer in peers {
                    for message in asked.messages(to: peer.address) {
                        guard let answer = Bench.answer(to: message) else { continue }
                        fresh += try receive(answer, from: peer)
                    }
                }
            }
        }
        return all
    }

    private static func answer(to message: Message) -> Message? {
        switch message {
        case .pingRequest(let request): .pingResponse(PingResponse(id: request.id))
        case .findRequest(let request): .findResponse(FindResponse(id: request.id, token: Token(bits: .zero)))
        case .storePeerRequest(let request): .storePeerResponse(StorePeerResponse(id: request.id))
        default: nil
        }
    }
}
