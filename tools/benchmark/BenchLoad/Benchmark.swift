import FoundationEssentials
import Glibc
import IPv8
import SplitMix

/// Measures each node in turn, again and again: what is compared lies seconds apart, on a machine that changes from minute
/// to minute.
final class Benchmark {
    private let instructions: Instructions
    private let subjects: [Subject]
    private let check = AnswerCheck()
    private let encoder = JSONEncoder()
    /// Requests a second of a closed loop, as far as they are known.
    private var rates: [String: [RequestKind: [Double]]] = [:]

    private static let warmUpCount = 200
    /// A measurement has so many requests at most: they lie in memory, signed.
    private static let requestsMax = 250_000
    private static let requestsMin = 64
    /// A node has done its work when it takes less than this share of a core.
    private static let quietShare = 0.02
    private static let quietSlice = 0.2
    private static let quietSecondsMax = 8.0

    init(_ instructions: Instructions) throws {
        self.instructions = instructions
        let identities = try Identities(count: instructions.identities)
        subjects = try instructions.nodes.enumerated().map { index, node in
            try Subject(node, index: index, identities: identities)
        }
        encoder.keyEncodingStrategy = .convertToSnakeCase
    }

    func run() throws {
        try getAcquainted()
        for repetition in 0..<instructions.repetitions {
            try print(ResultLine(signatures: SignatureCost.measure(seconds: min(0.2, instructions.seconds))))
            try eachInTurn(repetition) { subject, kind in
                try closed(kind, subject, repetition)
            }
        }
        for repetition in 0..<instructions.openRepetitions {
            try eachInTurn(repetition) { subject, kind in
                try open(kind, subject, repetition, rate: instructions.openRate)
                let known = rates[subject.node.name]?[kind] ?? []
                guard subject.node.isNode, !known.isEmpty else { return }
                let peak = known.sorted()[known.count / 2]
                try open(kind, subject, repetition, rate: peak / 2)
            }
        }
    }

    /// Each kind of request, and for each of them one node after the other; those that begin take turns.
    private func eachInTurn(_ repetition: Int, _ body: (Subject, RequestKind) throws -> Void) throws {
        let order = repetition % 2 == 0 ? subjects : subjects.reversed()
        for kind in RequestKind.allCases {
            for subject in order where subject.node.kinds.contains(kind) { try body(subject, kind) }
        }
    }

    /// Lets the nodes get to know their contacts, and learns about how fast they are.
    private func getAcquainted() throws {
        for subject in subjects where subject.node.isNode { try subject.residents.greet() }
        try rest(seconds: 1)
        for subject in subjects {
            for kind in RequestKind.allCases where subject.node.kinds.contains(kind) {
                let requests = try prepare(kind, Benchmark.warmUpCount, subject)
                let outcome = try load(requests, kind, subject, closedPace)
                rates[subject.node.name, default: [:]][kind] = [rate(of: outcome)]
                try rest(seconds: 0.2)
            }
        }
    }

    // MARK: One measurement

    private func closed(_ kind: RequestKind, _ subject: Subject, _ repetition: Int) throws {
        // The warm-up may have been slow; the last measurement is the best guess.
        let known = rates[subject.node.name]?[kind] ?? []
        let count = instructions.requests ?? count(known.last ?? 0, instructions.seconds)
        let requests = try prepare(kind, count, subject)
        if instructions.requests != nil {
            try print(ResultLine(waiting: kind))
            _ = readLine()
        }
        let (outcome, measured) = try measure(requests, kind, subject, closedPace, repetition)
        rates[subject.node.name]?[kind] = (repetition == 0 ? [] : known) + [rate(of: outcome)]
        try print(ResultLine(measurement: measured))
    }

    private func open(_ kind: RequestKind, _ subject: Subject, _ repetition: Int, rate: Double) throws {
        let requests = try prepare(kind, count(rate, instructions.openSeconds), subject)
        let moments = Benchmark.arrivals(requests.count, rate: rate)
        var (_, measured) = try measure(requests, kind, subject, .open(moments), repetition)
        measured.intendedRate = rate
        try print(ResultLine(measurement: measured))
    }

    private func measure(
        _ requests: [Subject.Request], _ kind: RequestKind, _ subject: Subject, _ pace: Load.Pace, _ repetition: Int
    ) throws -> (Load.Outcome, Measurement) {
        let nodeBefore = Clocks.read(subject.clock)
        let ownBefore = Clocks.ownCPU()
        _ = subject.residents.takePings()
        let outcome = try load(requests, kind, subject, pace)
        let own = Clocks.ownCPU() - ownBefore
        try waitUntilQuiet(subject)
        let ofNode = Clocks.read(subject.clock) - nodeBefore
        let answered = outcome.answered.count
        let each = Double(max(answered, 1)) * 1000
        let isOpen = if case .open = pace { true } else { false }
        let measurement = Measurement(
            node: subject.node.name, kind: kind, loop: isOpen ? "open" : "closed", repetition: repetition,
            asked: requests.count, answered: answered,
            wrong: outcome.wrong + outcome.samples.count { !check.isSound($0) },
            seconds: Double(outcome.endedAt - outcome.startedAt) / 1e9, nodeMicroseconds: Double(ofNode) / each,
            generatorMicroseconds: Double(own) / each, heldSeconds: Double(outcome.held) / 1e9,
            latency: Percentiles(outcome.latencies), nodesNamed: check.nodesNamed(in: outcome.samples),
            lateness: isOpen ? Percentiles(outcome.lateness) : nil,
            contacts: instructions.contactPings.map { _ in subject.residents.takePings() })
        return (outcome, measurement)
    }

    private func load(
        _ requests: [Subject.Request], _ kind: RequestKind, _ subject: Subject, _ pace: Load.Pace
    ) throws -> Load.Outcome {
        let values: Int? =
            switch kind {
            case .findNothing: 0
            case .findValue: 1
            case .ping, .storeUnsigned, .storeSigned: nil
            }
        var load = Load(
            requests, to: subject, pace, expecting: kind.responseID, valueCount: values,
            residents: subjects.map(\.residents), patience: instructions.patienceSeconds,
            contactPings: instructions.contactPings)
        let outcome = try load.run()
        for target in outcome.answered.compactMap({ requests[$0].target }) { subject.noteStored(target) }
        return outcome
    }

    // MARK: Preparing

    private func prepare(_ kind: RequestKind, _ count: Int, _ subject: Subject) throws -> [Subject.Request] {
        if kind == .storeSigned || kind == .storeUnsigned { try getTokens(count, subject) }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return try subject.requests(kind, count, version: Version(UInt32(clamping: now.tv_sec)), idle: answerResidents)
    }

    private func getTokens(_ count: Int, _ subject: Subject) throws {
        var load = Load(
            subject.tokenRequests(count), to: subject, closedPace,
            expecting: RequestKind.findNothing.responseID, valueCount: nil, residents: subjects.map(\.residents))
        let tokens = try load.run().tokens
        for (identity, token) in tokens { subject.note(token, of: identity, at: Clocks.now()) }
        try waitUntilQuiet(subject)
    }

    private var closedPace: Load.Pace { .closed(window: instructions.window) }

    private func count(_ rate: Double, _ seconds: Double) -> Int {
        min(max(Int(rate * seconds), Benchmark.requestsMin), Benchmark.requestsMax)
    }

    private func rate(of outcome: Load.Outcome) -> Double {
        Double(outcome.answered.count) / max(Double(outcome.endedAt - outcome.startedAt) / 1e9, 1e-6)
    }

    /// Moments at which strangers to each other would ask: the pauses between them are exponentially distributed. The
    /// same ones in each run.
    private static func arrivals(_ count: Int, rate: Double) -> [UInt64] {
        var numbers = SplitMix64(seed: 42)
        var moment = 0.0
        return (0..<count).map { _ in
            moment -= log(1 - Double.random(in: 0..<1, using: &numbers)) / rate
            return moment.nanoseconds
        }
    }

    // MARK: Waiting

    private func answerResidents() throws {
        for subject in subjects { try subject.residents.answer() }
    }

    private func rest(seconds: Double) throws {
        let end = Clocks.now() + seconds.nanoseconds
        var selection = Selection(subjects.flatMap(\.residents.sockets))
        while Clocks.now() < end {
            if selection.wait(min(20_000_000, end - min(end, Clocks.now()))) { try answerResidents() }
        }
    }

    /// Waits until a node has done what it puts off: the index follows a store, and that is a part of its cost.
    private func waitUntilQuiet(_ subject: Subject) throws {
        let deadline = Clocks.now() + Benchmark.quietSecondsMax.nanoseconds
        var before = Clocks.read(subject.clock)
        while Clocks.now() < deadline {
            try rest(seconds: Benchmark.quietSlice)
            let after = Clocks.read(subject.clock)
            if Double(after - before) / 1e9 < Benchmark.quietShare * Benchmark.quietSlice { return }
            before = after
        }
    }

    private func print(_ line: ResultLine) throws {
        Swift.print(String(decoding: try encoder.encode(line), as: UTF8.self))
    }
}

extension SignatureCost {
    /// Signs and checks for so long each.
    static func measure(seconds: Double) throws -> SignatureCost {
        let key = try PrivateKey.generate()
        let verifier = SignatureVerifier()
        let message = [UInt8](repeating: 7, count: 250)
        let signature = key.sign(message)
        return SignatureCost(
            verifyMicroseconds: timed(seconds) {
                verifier.isValid(signature[...], of: message[...], by: key.publicKey)
            },
            signMicroseconds: timed(seconds) { !key.sign(message).isEmpty })
    }

    private static func timed(_ seconds: Double, _ body: () -> Bool) -> Double {
        let start = Clocks.ownCPU()
        var count = 0
        while Clocks.ownCPU() - start < seconds.nanoseconds {
            for _ in 0..<32 where body() { count += 1 }
        }
        return Double(Clocks.ownCPU() - start) / 1000 / Double(max(count, 1))
    }
}
