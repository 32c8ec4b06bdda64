import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// What a node asks of others, and what it makes of the answers.
@Suite struct RequestingTests {
    private let target = Target(hashing: "key")

    @Test func aNodeThatAsksIsAContactOnlyAfterItHasAnswered() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let effects = try bench.receive(.pingRequest(PingRequest(id: RequestID(1))), from: peer)
        #expect(bench.node.contacts == [])
        let ping = try #require(effects.pings(to: peer.address).first)
        let answer = try bench.receive(.pingResponse(PingResponse(id: ping)), from: peer)
        #expect(answer == [.emit(.contactAdded(peer.info))])
        #expect(bench.node.contacts.map(\.node) == [peer.info])
    }

    @Test func anAnswerIsMatchedByNumberKeyAndAddress() throws {
        var bench = try Bench()
        let (peer, stranger) = (try Peer(1), try Peer(2))
        let effects = try bench.receive(.pingRequest(PingRequest(id: RequestID(1))), from: peer)
        let ping = try #require(effects.pings(to: peer.address).first)
        let answer = Message.pingResponse(PingResponse(id: ping))
        #expect(try bench.receive(bytes: Packet.encode(answer, signedBy: stranger.key), from: peer.address) == [])
        #expect(try bench.receive(bytes: Packet.encode(answer, signedBy: peer.key), from: stranger.address) == [])
        let other = Message.pingResponse(PingResponse(id: RequestID(ping.number ^ 1)))
        #expect(try bench.receive(other, from: peer) == [])
        #expect(try bench.receive(.storeResponse(StoreResponse(id: ping)), from: peer) == [])
        #expect(bench.node.counters.named["dropped.unmatched_response"] == 4)
        #expect(bench.node.contacts == [])
        #expect(try bench.receive(answer, from: peer).count == 1)
        #expect(try bench.receive(answer, from: peer) == [])
    }

    @Test(arguments: [
        Request.Body.find(Target(bits: .zero), offset: 0, wantsNodes: true), .introduction(wan: .none),
        .connectPeer(Target(bits: .zero)),
    ])
    func numbersOfRequestsThatPuncturesFollowFromFitIntoThem(body: Request.Body) throws {
        var table = RequestTable()
        var generator = RandomNumbers(seed: 1)
        let request = Request(body, to: try Peer(1).info, for: .walk)
        for _ in 0..<200 {
            let id = table.add(request, firstDeadline: Instant(seconds: 1), using: &generator)
            #expect(id.number <= RequestID.requestMax)
        }
    }

    /// Sixteen bits of each are shown. A generator whose state is a counter, mixed without a key, would go on from
    /// those.
    @Test func randomNumbersFollowFromTheSeedAndNotFromOneAnother() throws {
        var numbers = RandomNumbers(seed: 7)
        var again = RandomNumbers(seed: 7)
        var other = RandomNumbers(seed: 8)
        let drawn = (0..<1000).map { _ in numbers.next() }
        #expect(drawn == (0..<1000).map { _ in again.next() })
        #expect(Set(drawn).count == 1000 && Set(drawn).isDisjoint(with: (0..<1000).map { _ in other.next() }))
        // What another function finds for the same key: SipHash-2-4 of the eight bytes of 1, 2 and 3.
        let expected: [UInt64] = [0x6E54_30CE_9117_4526, 0xE8E3_62CF_3AC4_AA76, 0x63EA_339F_577C_2603]
        #expect(Array(drawn.prefix(3)) == expected)
        // About half of the bits are set.
        let setCount = drawn.reduce(0) { $0 + $1.nonzeroBitCount }
        #expect(abs(setCount - 32_000) < 600)
    }

    @Test func aContactThatAnsweredLatelyIsNotAskedForASign() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        try bench.befriend(peer)
        bench.leaveNeighboursAlone()
        #expect(bench.pass(.seconds(24)).pings(to: peer.address).isEmpty)
        #expect(bench.pass(.seconds(2)).pings(to: peer.address).count == 1)
    }

    @Test func twoSilencesInARowAndAContactIsGone() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let peer = try Peer(1)
        try bench.befriend(peer)
        let first = bench.pass(.seconds(26))
        #expect(first.pings(to: peer.address).count == 1)
        #expect(bench.node.contacts.count == 1)
        let rest = bench.pass(.seconds(40))
        #expect(rest.contains(.emit(.contactLost(peer.info))))
        #expect(bench.node.contacts == [])
        #expect(bench.node.counters.timeouts >= 2)
    }

    @Test func requestsThatAreLostTogetherLeaveAContactItsSecondChance() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let peer = try Peer(1)
        try bench.befriend(peer)
        var effects: [Effect] = []
        for number in 0..<3 {
            effects += bench.give(.commandIssued(CommandID(UInt64(number)), .find(Target(hashing: "\(number)"))))
        }
        #expect(effects.finds(to: peer.address).count == 3)
        effects = bench.pass(.milliseconds(2100))
        let ping = try #require(effects.pings(to: peer.address).first)
        #expect(effects.pings(to: peer.address).count == 1)
        #expect(bench.node.contacts.map(\.failures) == [1])
        _ = try bench.receive(.pingResponse(PingResponse(id: ping)), from: peer)
        #expect(bench.node.contacts.map(\.failures) == [0])
    }

    @Test func oneLiarCannotHaveContactsGivenUp() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let (liar, honest) = (try Peer(1), try Peer(2))
        for peer in [liar, honest] { try bench.befriend(peer) }
        var effects = bench.give(.commandIssued(CommandID(1), .find(target)))
        _ = bench.give(.entriesLoaded(try #require(effects.loads.first).id, []))
        let elsewhere = NodeInfo(
            address: Address(host: honest.address.host, port: 9), publicKey: honest.key.publicKey)
        let request = try #require(effects.finds(to: liar.address).first)
        let lie = FindResponse(id: request.id, token: Token(bits: .zero), nodes: [elsewhere])
        effects += try bench.receive(.findResponse(lie), from: liar)
        #expect(effects.finds(to: elsewhere.address).count == 1)
        let real = try #require(effects.finds(to: honest.address).first)
        _ = try bench.receive(.findResponse(FindResponse(id: real.id, token: Token(bits: .zero))), from: honest)
        _ = bench.pass(.seconds(12))
        #expect(bench.node.contacts.contains { $0.node == honest.info && $0.failures == 0 })
    }

    /// A user's ping is answered after four of its five seconds; the check of the answer, which has begun.
    private func lateAnswerUnderCheck(from peer: Peer, in bench: inout Bench) throws -> WorkID {
        let asked = bench.give(.commandIssued(CommandID(3), .ping(peer.address)))
        let ping = try #require(asked.pings(to: peer.address).first)
        bench.now = bench.now + .seconds(4)
        let bytes = Packet.encode(.pingResponse(PingResponse(id: ping)), signedBy: peer.key)
        let checks = bench.give(.datagramReceived(bytes, from: peer.address)).compactMap { effect -> WorkID? in
            if case .verify(let id, _, _) = effect { id } else { nil }
        }
        return try #require(checks.first)
    }

    @Test func anAnswerThatIsBeingCheckedIsNotLate() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let id = try lateAnswerUnderCheck(from: peer, in: &bench)
        #expect(bench.pass(.seconds(3)).outcomes == [])
        let verdict = SignatureVerdict(packetIsAuthentic: true)
        #expect(bench.give(.signaturesChecked(id, verdict)).outcomes.count == 1)
    }

    @Test func badlySignedAnswersKeepNoRequestAlive() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let asked = bench.give(.commandIssued(CommandID(3), .ping(peer.address)))
        let ping = try #require(asked.pings(to: peer.address).first)
        var garbage = Packet.encode(.pingResponse(PingResponse(id: ping)), signedBy: peer.key)
        garbage[garbage.count - 1] ^= 1
        var effects: [Effect] = []
        for _ in 0..<5 {
            #expect(effects.outcomes == [])
            effects += bench.pass(.milliseconds(900))
            effects += try bench.receive(bytes: garbage, from: peer.address)
        }
        effects += bench.pass(.milliseconds(501))
        #expect(effects.outcomes == [.pingTimedOut])
        #expect(bench.node.counters.named["dropped.bad_signature"] == 5)
    }

    @Test func aCheckThatShowsABadSignatureLateGivesUpWhatWaitedForIt() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let id = try lateAnswerUnderCheck(from: peer, in: &bench)
        #expect(bench.pass(.seconds(2)).outcomes == [])
        _ = bench.give(.signaturesChecked(id, SignatureVerdict(packetIsAuthentic: false)))
        #expect(bench.pass(.milliseconds(1)).outcomes == [.pingTimedOut])
    }

    @Test func aCheckThatIsNeverDoneHoldsARequestForTwiceItsPatience() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let asked = bench.give(.commandIssued(CommandID(3), .ping(peer.address)))
        let ping = try #require(asked.pings(to: peer.address).first)
        let bytes = Packet.encode(.pingResponse(PingResponse(id: ping)), signedBy: peer.key)
        for _ in 0..<9 {
            #expect(bench.pass(.seconds(1)).outcomes == [])
            _ = bench.give(.datagramReceived(bytes, from: peer.address))
        }
        // Of the nine no more than a few are checked at once.
        #expect(bench.node.counters.named["dropped.overloaded"] == 5)
        #expect(bench.pass(.seconds(1)).outcomes == [.pingTimedOut])
    }

    @Test func aSearchBringsTogetherWhatAllResponsesHold() throws {
        var bench = try Bench()
        let peers = try (1...3).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        let signer = try PrivateKey.generate()
        let old = try Entry(data: [1], version: Version(1), signedBy: signer)
        let new = try Entry(data: [2], version: Version(2), signedBy: signer)
        let plain = try Entry(unsigned: [3])
        var forged = new.bytes
        forged[forged.count - 1] ^= 1
        var effects = bench.give(.commandIssued(CommandID(1), .find(target)))
        let load = try #require(effects.loads.first)
        #expect(bench.give(.entriesLoaded(load.id, [plain.bytes])) == [])
        let answers: [[[UInt8]]] = [[new.bytes, [], [9, 9]], [forged, old.bytes, plain.bytes], []]
        for (peer, values) in zip(peers, answers) {
            let request = try #require(effects.finds(to: peer.address).first)
            #expect(!request.wantsNodes && request.target == target)
            let response = FindResponse(id: request.id, token: Token(bits: .zero), values: values)
            effects += try bench.receive(.findResponse(response), from: peer)
        }
        let outcome = FindOutcome(entries: [new, plain], askedCount: 3, answeredCount: 3, holderCount: 2)
        #expect(effects.outcomes == [.found(outcome)])
        #expect(bench.node.counters.valuesSkipped == 3)
    }

    @Test func moreThanAPageOfValuesIsFetchedPageByPage() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        try bench.befriend(peer)
        let values = (0..<20).map { [0, UInt8($0)] }
        var effects = bench.give(.commandIssued(CommandID(1), .find(target)))
        let load = try #require(effects.loads.first)
        _ = bench.give(.entriesLoaded(load.id, []))
        var offsets: [UInt32] = []
        while let request = effects.finds(to: peer.address).first {
            offsets.append(request.offset)
            let page = Array(values.dropFirst(Int(request.offset)).prefix(8))
            let response = FindResponse(id: request.id, token: Token(bits: .zero), values: page)
            effects = try bench.receive(.findResponse(response), from: peer)
        }
        #expect(offsets == [0, 8, 16])
        guard case .found(let outcome)? = effects.outcomes.first else {
            Issue.record("the search did not end")
            return
        }
        #expect(outcome.entries.map(\.bytes) == values && outcome.askedCount == 1 && outcome.holderCount == 1)
    }

    @Test func aPageThatDoesNotComeEndsNoSearch() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        try bench.befriend(peer)
        var effects = bench.give(.commandIssued(CommandID(1), .find(target)))
        let load = try #require(effects.loads.first)
        _ = bench.give(.entriesLoaded(load.id, []))
        let request = try #require(effects.finds(to: peer.address).first)
        let page = (0..<8).map { [0, UInt8($0)] }
        let response = FindResponse(id: request.id, token: Token(bits: .zero), values: page)
        effects = try bench.receive(.findResponse(response), from: peer)
        #expect(effects.outcomes == [])
        effects = bench.pass(.seconds(3))
        guard case .found(let outcome)? = effects.outcomes.first else {
            Issue.record("the search did not end")
            return
        }
        #expect(outcome.entries.count == 8)
    }

    @Test func whatIsFoundIsCopiedToTheClosestWhoHadNoneAndHere() throws {
        var bench = try Bench()
        let peers = try (1...4).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        let version = Version(signedAt: bench.now - .seconds(600))
        let entry = try Entry(data: [2], version: version, signedBy: try PrivateKey.generate())
        let sorted = peers.sorted { distance($0) < distance($1) }
        var effects = bench.give(.commandIssued(CommandID(1), .find(target)))
        let load = try #require(effects.loads.first)
        _ = bench.give(.entriesLoaded(load.id, []))
        for peer in peers {
            let request = try #require(effects.finds(to: peer.address).first)
            let values = peer.address == sorted[1].address ? [] : [entry.bytes]
            let token = Token(bits: peer.key.publicKey.mid.bits)
            effects += try bench.receive(
                .findResponse(FindResponse(id: request.id, token: token, values: values)), from: peer)
        }
        let store = try #require(effects.stores(to: sorted[1].address).first)
        #expect(store.values == [entry.bytes] && store.token.bits == sorted[1].key.publicKey.mid.bits)
        for other in [sorted[0], sorted[2], sorted[3]] { #expect(effects.stores(to: other.address) == []) }
        let (id, intent) = try #require(effects.commits.first)
        #expect(intent.entries == [entry] && intent.target == target)
        // A copy does not outlive the value: an hour from when it was signed.
        #expect(intent.expiresAt == bench.now + .seconds(3000))
        // Nobody waited for either.
        #expect(effects.outcomes.count == 1)
        #expect(bench.give(.commitCompleted(id, .failed)) == [])
    }

    @Test(arguments: [(-3601, 0), (-3599, 1), (299, 1), (301, 0), (nil, 0)] as [(Int64?, Int)])
    func onlyWhatWasSignedWithinTheHourIsCopied(signedAfter seconds: Int64?, copies: Int) throws {
        var bench = try Bench()
        let peers = try (1...2).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        let version = seconds.map { Version(signedAt: bench.now + .seconds($0)) } ?? Version(.max)
        let entry = try Entry(data: [2], version: version, signedBy: try PrivateKey.generate())
        var effects = bench.give(.commandIssued(CommandID(1), .find(target)))
        _ = bench.give(.entriesLoaded(try #require(effects.loads.first).id, []))
        for (peer, values) in zip(peers, [[entry.bytes], []]) {
            let request = try #require(effects.finds(to: peer.address).first)
            let response = FindResponse(id: request.id, token: Token(bits: .zero), values: values)
            effects += try bench.receive(.findResponse(response), from: peer)
        }
        #expect(effects.commits.count == copies)
        #expect(effects.stores(to: peers[1].address).count == copies)
        #expect(effects.outcomes.count == 1)
    }

    private func distance(_ peer: Peer) -> Distance {
        Distance(NodeID(host: peer.address.host, mid: peer.key.publicKey.mid), target)
    }

    @Test func aSearchEndsThoughNobodyAnswers() throws {
        var bench = try Bench()
        let peers = try (1...5).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        var effects = bench.give(.commandIssued(CommandID(1), .find(target)))
        let load = try #require(effects.loads.first)
        effects += bench.give(.entriesLoaded(load.id, []))
        effects += bench.pass(.seconds(10))
        #expect(
            effects.outcomes
                == [.found(FindOutcome(entries: [], askedCount: 5, answeredCount: 0, holderCount: 0))])
    }

    @Test func publishingIsDurableHereBeforeAnybodyElseIsAsked() throws {
        var bench = try Bench()
        let peers = try (1...3).map { try Peer($0) }
        for peer in peers { try bench.befriend(peer) }
        let entry = try Entry(data: [1], version: Version(1), signedBy: bench.key)
        var effects = bench.give(.commandIssued(CommandID(1), .publish(target, entry)))
        let (id, intent) = try #require(effects.commits.first)
        #expect(effects.count == 1 && intent.provenance == .publishedHere)
        effects = bench.give(.commitCompleted(id, .held))
        var stores: [Effect] = []
        for peer in peers {
            let request = try #require(effects.finds(to: peer.address).first)
            #expect(request.wantsNodes)
            let token = Token(bits: peer.key.publicKey.mid.bits)
            stores += try bench.receive(.findResponse(FindResponse(id: request.id, token: token)), from: peer)
        }
        var last: [Effect] = []
        for peer in peers {
            let request = try #require(stores.stores(to: peer.address).first)
            #expect(request.values == [entry.bytes] && request.token.bits == peer.key.publicKey.mid.bits)
            if peer.address == peers[1].address { continue }
            last += try bench.receive(.storeResponse(StoreResponse(id: request.id)), from: peer)
        }
        #expect(last.outcomes == [])
        last += bench.pass(.seconds(6))
        #expect(last.outcomes == [.published(PublishOutcome(askedCount: 3, acknowledgedCount: 2))])
    }

    @Test(arguments: [CommitOutcome.refused, .failed])
    func whatCannotBeKeptHereIsNotSentToOthers(outcome: CommitOutcome) throws {
        var bench = try Bench()
        try bench.befriend(try Peer(1))
        let entry = try Entry(unsigned: [1])
        let effects = bench.give(.commandIssued(CommandID(1), .publish(target, entry)))
        let (id, _) = try #require(effects.commits.first)
        #expect(
            bench.give(.commitCompleted(id, outcome))
                == [.emit(.commandCompleted(CommandID(1), .publishRefused(outcome)))])
    }

    @Test func aPingToAnAddressTellsWhoAnswered() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let effects = bench.give(.commandIssued(CommandID(3), .ping(peer.address)))
        let ping = try #require(effects.pings(to: peer.address).first)
        bench.now = bench.now + .milliseconds(30)
        let answer = try bench.receive(.pingResponse(PingResponse(id: ping)), from: peer)
        #expect(answer.outcomes == [.pinged(peer.key.publicKey, roundTrip: .milliseconds(30))])
    }

    @Test func contactsOfAnEarlierRunAreAskedFirst() throws {
        let old = try (1...3).map { try Peer($0) }
        var bench = try Bench(contacts: old.map { Contact($0.info, answeredAt: .distantPast) })
        let effects = bench.give(.timerFired)
        for peer in old { #expect(effects.pings(to: peer.address).count == 1) }
    }

    @Test func contactsAreSavedSoonAfterTheyChange() throws {
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        let peer = try Peer(1)
        try bench.befriend(peer)
        let saved = bench.pass(.seconds(6)).compactMap { effect in
            if case .saveContacts(let contacts, _) = effect { contacts.map(\.node) } else { nil }
        }
        #expect(saved == [[peer.info]])
    }

}
