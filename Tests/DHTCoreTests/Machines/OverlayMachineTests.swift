import IPv8
import Kademlia
import Maintenance
import Testing

@testable import DHTCore

@Suite struct OverlayMachineTests {
    @Test func contactIsLostAfterTwoSilences() throws {
        var (bench, peer) = (try MachineBench(), try Peer(1))
        bench.befriend(peer)
        #expect(bench.overlay.isContact(peer.info) && bench.overlay.contact(at: peer.address) == peer.info)
        for _ in 0..<2 {
            bench.pass(.seconds(10))
            bench.overlay.noteSilence(
                of: peer.info, askedAt: bench.now - .seconds(5), &bench.requests, &bench.turn)
        }
        #expect(!bench.overlay.isContact(peer.info))
        #expect(bench.turn.effects == [.emit(.contactLost(peer.info))])
        #expect(bench.overlay.contactsToRemember.map(\.node) == [peer.info])
    }

    @Test func requestAloneMakesNobodyAContact() throws {
        var (bench, peer) = (try MachineBench(), try Peer(1))
        bench.overlay.noteQuery(from: peer.info, knownAt: nil, &bench.requests, &bench.turn)
        #expect(bench.overlay.contactCount == 0)
        #expect(bench.turn.effects.pings(to: peer.address).count == 1)
    }

    @Test func ownIDIsLookedUpOnceThereIsAContact() throws {
        var (bench, peer) = (try MachineBench(), try Peer(1))
        #expect(bench.overlay.ownIDToSeek(in: .ipv4) == nil)
        bench.befriend(peer)
        #expect(bench.overlay.ownIDToSeek(in: .ipv4) != nil && !bench.overlay.hasSoughtOwnIDs)
        bench.overlay.ownIDIsSought(in: .ipv4)
        #expect(bench.overlay.ownIDToSeek(in: .ipv4) == nil && bench.overlay.hasSoughtOwnIDs)
        #expect(!bench.overlay.staleBuckets(in: .ipv4, at: bench.now).isEmpty)
    }

    @Test func contactsAreSavedAfterTheyChanged() throws {
        var (bench, peer) = (try MachineBench(), try Peer(1))
        bench.overlay.saveContacts(&bench.turn)
        #expect(bench.turn.effects.isEmpty)
        bench.befriend(peer)
        #expect(bench.turn.schedule.dueTime(of: .contactSnapshot) == bench.now + .seconds(1))
        bench.pass(.seconds(1))
        bench.overlay.saveContacts(&bench.turn)
        bench.overlay.saveContacts(&bench.turn)
        #expect(bench.turn.effects.count == 1)
    }

    @Test func trackersAreNeverAskable() throws {
        var (bench, tracker, node) = (try MachineBench(), try Peer(1), try Peer(2))
        bench.overlay.trackersResolved([tracker.address])
        #expect(bench.overlay.askable([tracker.info, node.info], namedBy: node.address) == [node.info])
        bench.befriend(tracker)
        #expect(bench.overlay.contactCount == 0)
    }
}
