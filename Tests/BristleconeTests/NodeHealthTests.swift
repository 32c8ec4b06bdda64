import Archive
import IPv8
import Testing

@testable import Bristlecone

@Suite struct NodeHealthTests {
    private var well: NodeHealth.Facts {
        var facts = NodeHealth.Facts()
        facts.vitals = Pulse.Vitals(contacts: 3, goodContacts: 2, hasMetAnybody: true)
        return facts
    }

    @Test func aNodeWithGoodContactsAndRoomIsReady() {
        #expect(NodeHealth(well) == NodeHealth(isLive: true, isReady: true, reasons: []))
    }

    @Test(arguments: NodeHealth.Code.allCases) func eachReasonIsTold(_ code: NodeHealth.Code) {
        var facts = well
        switch code {
        case .loopStalled: facts.silence = .seconds(10)
        case .writerStalled: facts.commitAge = .seconds(30)
        case .stopping: facts.isStopping = true
        case .archiveUnwritable: facts.archiveProblem = "The file is gone."
        case .archiveFull: facts.shortage = .quota
        case .shareFull: facts.shortage = .budget
        case .diskFull: facts.shortage = .diskReserve
        case .noContactsYet: facts.vitals = Pulse.Vitals()
        case .cutOff: facts.vitals.goodContacts = 0
        case .tableRecovering: facts.vitals.isTableRecovering = true
        }
        let health = NodeHealth(facts)
        #expect(health.reasons.map(\.code) == [code])
        #expect(health.reasons.allSatisfy { $0.message.hasSuffix(".") })
        #expect(!health.isReady)
        #expect(health.isLive == ![.loopStalled, .writerStalled].contains(code))
    }

    @Test func whatPassesSoonIsNoReason() {
        var facts = well
        facts.silence = .milliseconds(9999)
        facts.commitAge = .milliseconds(29_999)
        #expect(NodeHealth(facts).isReady)
    }

    @Test func aNodeThatHasLostAllContactsIsCutOffHoweverItWaits() {
        var facts = well
        facts.vitals = Pulse.Vitals(contacts: 0, goodContacts: 0, hasMetAnybody: true, isTableRecovering: true)
        #expect(NodeHealth(facts).reasons.map(\.code) == [.cutOff])
    }

    @Test func theGravestReasonComesFirst() {
        var facts = NodeHealth.Facts()
        facts.shortage = .quota
        facts.commitAge = .seconds(60)
        #expect(NodeHealth(facts).reasons.map(\.code) == [.writerStalled, .archiveFull, .noContactsYet])
    }
}
