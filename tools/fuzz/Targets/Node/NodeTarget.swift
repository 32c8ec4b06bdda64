import DHTCore
import IPv8
import Kademlia

/// A whole node on a stream of inputs, beside a model that knows all inputs.
///
/// The fuzzer's bytes are decisions: who sends what, when signatures have been checked, what the disk does, how time
/// passes, when the node is killed. The model knows what must hold in any case:
///
/// - a store is acknowledged only if it came with a token of ours and all of its values are durable;
/// - served values come from the disk, and only authentic values are written;
/// - each request is answered at most once, and a repeated one never;
/// - only nodes that have answered become contacts, and no peer gets more requests than it accepts;
/// - every command completes once;
/// - every table stays within its bounds.
enum NodeTarget {
    /// Longer inputs find nothing new and take long.
    private static let stepsMax = 600

    static func run(_ input: [UInt8]) throws(Violation) {
        var run = NodeRun(ByteSource(input))
        try run.begin()
        var steps = 0
        while !run.source.isEmpty, steps < stepsMax {
            try run.step()
            steps += 1
        }
        try run.finish()
    }
}

extension NodeRun {
    /// Carries out one decision.
    mutating func step() throws(Violation) {
        switch source.byte() % 20 {
        case 0...3: try receiveRequest()
        case 4...7: try answerRequest()
        case 8: try receive(message(), from: peer())
        case 9: try receiveBurst()
        case 10: try repeatDatagram()
        case 11: try receiveNoise()
        case 12: try finishCheck(source.index(below: checks.count))
        case 13: try finishLoad(source.index(below: loads.count), fails: source.byte() > 230)
        case 14: try finishCommit(source.index(below: commits.count), source.byte())
        case 15, 16: try pass(time(), isLate: source.flag())
        case 17: try issueCommand()
        case 18: try surprise()
        default: try restart()
        }
        if isPrompt { try finishEverything() }
        try Bounds.check(node, at: now)
    }

    /// From a millisecond to some hours.
    private mutating func time() -> Duration {
        let amount = Int64(source.byte()) + 1
        return switch source.byte() % 8 {
        case 0, 1: .milliseconds(amount)
        case 2, 3: .milliseconds(amount * 20)
        case 4, 5: .milliseconds(amount * 200)
        case 6: .seconds(amount)
        default: .seconds(amount * 60)
        }
    }

    /// Something unrequested, or at a strange time.
    private mutating func surprise() throws(Violation) {
        switch source.byte() % 6 {
        case 0: try drawSecret()
        case 1: try give(.trackersResolved((0..<source.index(below: 4)).map { _ in address() }))
        case 2: try give(.timerFired)
        case 3: try give(.signaturesChecked(WorkID(unknownWork()), SignatureVerdict(packetIsAuthentic: true)))
        case 4: try give(.entriesLoaded(WorkID(unknownWork()), [value(under: target()).bytes]))
        default: try give(.commitCompleted(WorkID(unknownWork()), .held))
        }
    }

    /// A number that no work of this node has, so that its result leads to nothing.
    private mutating func unknownWork() -> UInt64 { UInt64.max - UInt64(source.byte()) }

    private mutating func issueCommand() throws(Violation) {
        commandCount += 1
        let id = CommandID(commandCount)
        let command: Command
        let choice = source.byte()
        switch choice < 0xF8 ? choice % 4 : 4 + choice % 3 {
        case 0: command = .ping(address())
        case 1: command = .find(target())
        case 2: command = .connect(peer().publicKey.mid, knownAddress: source.flag() ? address() : nil)
        case 4: command = .walk(address())
        case 6: command = .runTask(source.flag() ? "republish" : "nothing")
        case 5: command = .refreshBucket(source.flag() ? .ipv6 : .ipv4, prefix: source.flag() ? "0" : "")
        default:
            let target = target()
            guard let entry = try? Entry(bytes: value(under: target, isSound: true).bytes) else { return }
            command = .publish(target, entry)
        }
        model.issued(id, command)
        try give(.commandIssued(id, command))
    }
}
