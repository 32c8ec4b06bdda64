import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// Whose work waits for whose.
@Suite struct LaneTests {
    private let own = Address(host: .v4(0x0808_0101), port: 8090)

    private func peer(_ number: Int) throws -> Peer {
        let host = IPAddress.v4(UInt32(0x0900_0001 + number << 8))
        return Peer(key: try PrivateKey.generate(), address: Address(host: host, port: 8090))
    }

    private func find(_ bench: inout Bench) -> Message {
        .findRequest(
            FindRequest(id: bench.freshID(), lan: .none, target: Target(hashing: "any"), wantsNodes: false))
    }

    @Test func checksAndReadsOfContactsHaveALaneOfTheirOwn() throws {
        var bench = try Bench(listeningOn: own)
        let (contact, stranger) = (try peer(1), try peer(2))
        try bench.befriend(contact)
        for (peer, lane) in [(contact, Lane.known), (stranger, .strangers)] {
            let bytes = Packet.encode(find(&bench), signedBy: peer.key)
            guard case .verify(let check, _, _)? = bench.give(.datagramReceived(bytes, from: peer.address)).first
            else {
                Issue.record("the packet is not checked")
                return
            }
            #expect(check.lane == lane)
            let checked = Input.signaturesChecked(check, SignatureVerdict(packetIsAuthentic: true))
            #expect(checked.lane == lane)
            let read = try #require(bench.give(checked).loads.first)
            #expect(read.id.lane == lane && Input.entriesLoaded(read.id, []).lane == lane)
        }
    }

    @Test func strangersReadsTakeNoMoreThanTheirShareOfTime() throws {
        for time in [Duration.microseconds(10), .microseconds(100), .milliseconds(5)] {
            var budget = ReadBudget()
            var now = Instant(seconds: 5)
            var used = Duration.zero
            func readAll() {
                while budget.haveRoom(at: now) {
                    budget.charge(time, at: now)
                    used += time
                }
            }
            readAll()
            #expect(used == .milliseconds(125), "\(time)")
            for _ in 0..<100 {
                now = now + .milliseconds(100)
                readAll()
            }
            #expect(used == .milliseconds(125 + 2500), "\(time)")
        }
    }

    @Test func onlyWhatIsReadForStrangersIsCharged() throws {
        var bench = try Bench(listeningOn: own)
        let contact = try peer(1)
        try bench.befriend(contact)
        func isRead(for peer: Peer, taking time: Duration) throws -> Bool {
            let effects = try bench.receive(find(&bench), from: peer)
            guard let load = effects.loads.first else { return false }
            _ = bench.give(.entriesLoaded(load.id, [], took: time))
            return true
        }
        #expect(try isRead(for: contact, taking: .seconds(1)))
        #expect(try isRead(for: peer(2), taking: .seconds(1)))
        #expect(try !isRead(for: peer(3), taking: .zero))
        #expect(try isRead(for: contact, taking: .zero))
    }

    @Test func queueGivesOutStrangersWorkWhenNothingElseWaits() {
        var queue = LaneQueue<Int>()
        for number in 0..<3000 { queue.add(number, to: number % 3 == 0 ? .known : .strangers, .begin) }
        var taken: [Int] = []
        while let next = queue.takeNext() {
            taken.append(next)
            if taken.count == 1500 { queue.add(9999, to: .known, .begin) }
        }
        let known = (0..<3000).filter { $0 % 3 == 0 }
        let strangers = (0..<3000).filter { $0 % 3 != 0 }
        #expect(taken == known + strangers.prefix(500) + [9999] + strangers.dropFirst(500))
    }

    @Test func queueFinishesWhatWasBegunBeforeItBeginsMore() {
        var queue = LaneQueue<String>()
        for lane in [Lane.strangers, .known] {
            for stage in [WorkStage.begin, .finish] {
                for number in 1...2 { queue.add("\(lane) \(stage) \(number)", to: lane, stage) }
            }
        }
        let expected = ["known finish", "known begin", "strangers finish", "strangers begin"]
        for work in expected.flatMap({ ["\($0) 1", "\($0) 2"] }) { #expect(queue.takeNext() == work) }
        #expect(queue.takeNext() == nil)
    }
}
