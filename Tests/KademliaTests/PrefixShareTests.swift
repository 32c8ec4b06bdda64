import IPv8
import Kademlia
import Testing

/// Which nodes are chosen where networks have their share.
@Suite struct PrefixShareTests {
    private let hosts: [UInt32] = [
        0x0A00_0001, 0x0505_0501, 0x0505_0502, 0x0505_0503, 0x0606_0601, 0x0A00_0002, 0x0A00_0003,
    ]

    @Test(arguments: [(false, [0, 1, 2, 4, 5, 6, 3]), (true, [0, 1, 2, 4, 5, 3, 6])])
    func whoseNetworkHasItsShareComesLast(limitsLocal: Bool, order: [Int]) {
        let sorted = PrefixShare.crowdedLast(Array(hosts.indices), limitingLocal: limitsLocal) { .v4(hosts[$0]) }
        #expect(sorted == order)
    }

    @Test func twoOfANetworkAreAdmitted() {
        var share = PrefixShare()
        let admitted = hosts[1...4].map { share.admits(.v4($0)) }
        #expect(admitted == [true, true, false, true])
    }
}
