import IPv8
import Testing

@testable import Kademlia

@Suite struct LookupTests {
    private let target = Target(hashing: "key")
    private let ownMid = Mid(bits: .zero)

    /// Nodes sorted by distance from the target, the closest first.
    private func nodes(_ count: Int) throws -> [NodeInfo] {
        try (0..<count).map { try Samples.node($0) }.sorted { distance($0) < distance($1) }
    }

    private func distance(_ node: NodeInfo) -> Distance {
        Distance(NodeID(host: node.address.host, mid: node.publicKey.mid), target)
    }

    private func lookup(_ seeds: [NodeInfo]) -> Lookup { Lookup(target: target, seeds: seeds, ownMid: ownMid) }

    @Test func theClosestAreAskedFirstFourAtATime() throws {
        let nodes = try nodes(8)
        var lookup = lookup(nodes.reversed())
        #expect((0..<4).compactMap { _ in lookup.next()?.node } == Array(nodes[..<4]))
        #expect(lookup.next() == nil && !lookup.isFinished)
        lookup.answered(nodes[0], naming: [])
        #expect(lookup.next()?.node == nodes[4])
    }

    @Test func theSearchEndsWhenTheEightClosestThatAnswerHaveAnswered() throws {
        let nodes = try nodes(40)
        var lookup = lookup(Array(nodes[20..<28]))
        var asked: [NodeInfo] = []
        while let node = lookup.next()?.node {
            asked.append(node)
            lookup.answered(node, naming: Array(nodes[..<8]))
        }
        #expect(lookup.isFinished)
        #expect(Array(lookup.responders.prefix(8)) == Array(nodes[..<8]))
        // The first of the seeds led to the closest at once; the far ones were not needed any more.
        #expect(asked.count == 9)
    }

    @Test func silentNodesDoNotCountAmongTheClosest() throws {
        let nodes = try nodes(20)
        var lookup = lookup(nodes)
        while let node = lookup.next()?.node {
            if nodes[..<6].contains(node) { lookup.failed(node) } else { lookup.answered(node, naming: []) }
        }
        #expect(lookup.isFinished)
        #expect(lookup.responders == Array(nodes[6..<14]))
        #expect(lookup.askedCount == 14 && lookup.answeredCount == 8)
    }

    @Test func anotherNodeIsAskedInPlaceOfALateOneWhoseAnswerStillCounts() throws {
        let nodes = try nodes(12)
        var lookup = lookup(nodes)
        for _ in 0..<4 { _ = lookup.next() }
        lookup.late(nodes[0])
        #expect(lookup.next()?.node == nodes[4] && lookup.next() == nil)
        lookup.answered(nodes[0], naming: [])
        #expect(lookup.responders == [nodes[0]])
    }

    /// Begins a lookup in which the first node is late and the next seven answer.
    private func answerSeven(_ lookup: inout Lookup, whileFirstIsLate nodes: [NodeInfo]) {
        for _ in 0..<4 { _ = lookup.next() }
        lookup.late(nodes[0])
        for index in 1..<8 {
            while lookup.next() != nil {}
            lookup.answered(nodes[index], naming: [])
        }
    }

    @Test func onceANodeHasBeenLateASpareOneIsAskedButNotWaitedFor() throws {
        let nodes = try nodes(20)
        var lookup = lookup(nodes)
        answerSeven(&lookup, whileFirstIsLate: nodes)
        // Eight are needed, the late one is replaced, and there is a spare one.
        while lookup.next() != nil {}
        #expect(lookup.askedCount == 10 && !lookup.isFinished)
        lookup.answered(nodes[8], naming: [])
        #expect(lookup.isFinished && lookup.next() == nil && lookup.askedCount == 10)
    }

    @Test func spareNodeTakesThePlaceOfAnotherLateOne() throws {
        let nodes = try nodes(20)
        var lookup = lookup(nodes)
        answerSeven(&lookup, whileFirstIsLate: nodes)
        while lookup.next() != nil {}
        lookup.answered(nodes[9], naming: [])
        #expect(!lookup.isFinished)
        lookup.late(nodes[8])
        #expect(lookup.isFinished && lookup.responders == Array(nodes[1..<8]) + [nodes[9]])
    }

    @Test func nodeThatNamedACandidateLastHasItPunctured() throws {
        let nodes = try nodes(6)
        var lookup = lookup([nodes[4], nodes[5]])
        _ = (lookup.next(), lookup.next(), lookup.next())
        lookup.answered(nodes[4], naming: [nodes[0], nodes[1], nodes[2]])
        #expect(lookup.next() == Lookup.Step(node: nodes[0], introducer: nil))
        lookup.answered(nodes[5], naming: [nodes[0], nodes[1], nodes[2]])
        #expect(lookup.next() == Lookup.Step(node: nodes[1], introducer: nodes[5]))
    }

    @Test func lookupEndsWithoutLateNodesOnceEnoughOthersHaveAnswered() throws {
        let nodes = try nodes(20)
        var lookup = lookup(nodes)
        while let node = lookup.next()?.node {
            if nodes[..<3].contains(node) { lookup.late(node) } else { lookup.answered(node, naming: []) }
        }
        #expect(lookup.isFinished)
        #expect(lookup.responders == Array(nodes[3..<11]) && lookup.askedCount == 11)
    }

    @Test func lateNodesAreWaitedForWhileTooFewOthersHaveAnswered() throws {
        let nodes = try nodes(8)
        var lookup = lookup(nodes)
        while let node = lookup.next()?.node {
            if node == nodes[0] { lookup.late(node) } else { lookup.answered(node, naming: []) }
        }
        #expect(!lookup.isFinished && lookup.answeredCount == 7)
        var failed = lookup
        failed.failed(nodes[0])
        #expect(failed.isFinished && failed.answeredCount == 7)
        lookup.answered(nodes[0], naming: [])
        #expect(lookup.isFinished && lookup.answeredCount == 8)
    }

    @Test func doubtfulNodesAreNotAskedWhileEnoughOthersAnswer() throws {
        let nodes = try nodes(12)
        var lookup = lookup(nodes)
        while let node = lookup.next(doubting: { nodes[..<3].contains($0) })?.node {
            lookup.answered(node, naming: [])
        }
        #expect(lookup.isFinished)
        #expect(lookup.responders == Array(nodes[3..<11]) && lookup.askedCount == 8)
    }

    @Test func doubtfulNodesAreAskedWhenTooFewOthersAnswer() throws {
        let nodes = try nodes(9)
        var lookup = lookup(nodes)
        let isDoubtful = { (node: NodeInfo) in nodes[..<3].contains(node) }
        for _ in 0..<6 {
            let node = try #require(lookup.next(doubting: isDoubtful)?.node)
            #expect(!isDoubtful(node))
            lookup.answered(node, naming: [])
        }
        #expect(!lookup.isFinished)
        // The closest two of them are enough, if they answer.
        #expect(lookup.next(doubting: isDoubtful)?.node == nodes[0])
        #expect(lookup.next(doubting: isDoubtful)?.node == nodes[1])
        #expect(lookup.next(doubting: isDoubtful) == nil)
        lookup.late(nodes[0])
        #expect(lookup.next(doubting: isDoubtful)?.node == nodes[2])
        lookup.answered(nodes[1], naming: [])
        lookup.answered(nodes[2], naming: [])
        #expect(lookup.isFinished && lookup.askedCount == 9)
    }

    @Test func oneNetworkIsTwoOfTheClosestAtMostWhileThereAreOthers() throws {
        let others = try (0..<20).map { try node($0, inNetwork: UInt32($0 + 1)) }.sorted { distance($0) < distance($1) }
        let all = try (0..<400).map { try node($0, inNetwork: 0) }.sorted { distance($0) < distance($1) }
        let near = Array(all.prefix(12))
        var lookup = lookup(others + near)
        while let node = lookup.next()?.node { lookup.answered(node, naming: []) }
        #expect(lookup.isFinished)
        #expect(lookup.responders == Array(near[..<2] + others[..<6]).sorted { distance($0) < distance($1) })
    }

    @Test func whereThereAreNoOthersOneNetworkWillDo() throws {
        let nodes = try (0..<12).map { try node($0, inNetwork: 0) }
        var lookup = lookup(nodes)
        while let node = lookup.next()?.node { lookup.answered(node, naming: []) }
        #expect(lookup.isFinished && lookup.answeredCount == 8)
    }

    /// A node of a /24 that is public.
    private func node(_ number: Int, inNetwork network: UInt32) throws -> NodeInfo {
        let host = IPAddress.v4(0x5000_0000 + network << 8 + UInt32(number % 256))
        return NodeInfo(
            address: Address(host: host, port: UInt16(1 + number)), publicKey: try Samples.node(number).publicKey)
    }

    @Test func nobodyToAskIsTheEnd() {
        var lookup = lookup([])
        #expect(lookup.next() == nil)
        #expect(lookup.isFinished)
    }

    @Test func anAnswerFromNobodyAskedChangesNothing() throws {
        let nodes = try nodes(10)
        var lookup = lookup([nodes[9]])
        lookup.answered(nodes[9], naming: [nodes[0]])
        lookup.answered(nodes[3], naming: [nodes[0]])
        lookup.failed(nodes[9])
        #expect(lookup.next()?.node == nodes[9])
        lookup.answered(nodes[9], naming: [])
        lookup.answered(nodes[9], naming: [nodes[0]])
        #expect(lookup.next() == nil && lookup.isFinished && lookup.answeredCount == 1)
    }

    @Test func oneLiarCannotKeepASearchGoing() throws {
        // Every answer names eight more nodes that nobody has heard of, each closer than those before.
        let nodes = try nodes(3000)
        var lookup = lookup(Array(nodes[2990...]))
        var next = 2990
        var requests = 0
        while let node = lookup.next()?.node {
            requests += 1
            next -= 8
            lookup.answered(node, naming: Array(nodes[next..<next + 8]))
        }
        #expect(lookup.isFinished && requests == Lookup.requestsMax)
    }

    /// A liar may name ever new keys at one address: all but one of them are made up.
    @Test func oneAddressIsAskedUnderTwoKeysAtMost() throws {
        let nodes = try nodes(40)
        let address = try Samples.node(99).address
        let ghosts = nodes[..<24].map { NodeInfo(address: address, publicKey: $0.publicKey) }
        var lookup = lookup(Array(ghosts[..<6]) + Array(nodes[24..<28]))
        var asked: [NodeInfo] = []
        while !lookup.isFinished, let node = lookup.next()?.node {
            asked.append(node)
            if node.address == address {
                lookup.failed(node)
            } else {
                lookup.answered(node, naming: Array(ghosts[6...]))
            }
        }
        #expect(lookup.isFinished)
        #expect(asked.count { $0.address == address } == 2)
        #expect(Set(asked).isSuperset(of: nodes[24..<28]))
    }

    @Test func moreThanEightNodesOfOneAnswerAreNotConsidered() throws {
        let nodes = try nodes(30)
        var lookup = lookup([nodes[29]])
        #expect(lookup.next()?.node == nodes[29])
        lookup.answered(nodes[29], naming: Array(nodes[..<29].reversed()))
        while let node = lookup.next()?.node { lookup.answered(node, naming: []) }
        #expect(lookup.askedCount == 9)
    }

    @Test func weDoNotAskOurselvesNorWhoCannotBeReached() throws {
        let us = try Samples.node(1)
        let unreachable = NodeInfo(
            address: Address(host: .v4(0xE000_0001), port: 1), publicKey: try Samples.node(2).publicKey)
        var lookup = Lookup(target: target, seeds: [us, unreachable], ownMid: us.publicKey.mid)
        #expect(lookup.next() == nil && lookup.isFinished)
    }

    @Test func aNodeNamedTwiceIsAskedOnce() throws {
        let nodes = try nodes(3)
        var lookup = lookup([nodes[2], nodes[2]])
        #expect(lookup.next()?.node == nodes[2])
        lookup.answered(nodes[2], naming: [nodes[0], nodes[0], nodes[2]])
        #expect(lookup.next()?.node == nodes[0])
        #expect(lookup.next() == nil)
    }

    @Test func whoWasNotNamedFirstIsToBePuncturedByWhoNamedIt() throws {
        let nodes = try nodes(4)
        var lookup = lookup([nodes[3]])
        #expect(lookup.next() == Lookup.Step(node: nodes[3], introducer: nil))
        lookup.answered(nodes[3], naming: [nodes[1], nodes[0], nodes[2]])
        #expect(lookup.next() == Lookup.Step(node: nodes[0], introducer: nodes[3]))
        #expect(lookup.next() == Lookup.Step(node: nodes[1], introducer: nil))
        #expect(lookup.next() == Lookup.Step(node: nodes[2], introducer: nodes[3]))
    }
}
