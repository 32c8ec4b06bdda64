import DHTCore
import IPv8
import Kademlia
import Maintenance

/// The node of a run and its surroundings: a network, a pool that checks signatures, a disk, a clock.
struct NodeRun {
    var source: ByteSource
    var node: Node
    var now = Instant(seconds: 1_700_000_000)
    var model = Model()
    /// Whether checks, reads and commits end immediately, or when the fuzzer says so.
    let isPrompt: Bool
    let isLoopback: Bool
    /// Whether the node calls its local network, and answers calls.
    let callsLocalNetwork: Bool

    var checks: [(id: WorkID, packet: Packet, entries: [Entry])] = []
    /// Reads and writes under way, and the packets that led to them.
    var loads: [(id: WorkID, target: Target, offset: Int, limit: Int, packet: [UInt8]?)] = []
    var commits: [(id: WorkID, intent: StoreChange, packet: [UInt8]?)] = []
    var commandCount: UInt64 = 0
    /// Received datagrams, to be repeated.
    var datagrams: [(bytes: [UInt8], from: Address)] = []
    /// The node's unanswered requests.
    var asked: [(message: Message, to: Address)] = []

    private let listenAddresses: [Address]
    private let limitsLocalNetworks: Bool
    private let remembersJobs: Bool
    private var secretCount = 0
    private var durableSecrets: [TokenSecret] = []
    private var rememberedJobs: [JobReport] = []
    private var rememberedContacts: [Contact] = []
    private var hasDrawn = false
    private var republishWork: [RepublishWork] = []

    private static let datagramsMax = 64
    private static let askedMax = 256

    init(_ source: ByteSource) {
        var source = source
        let situation = source.byte()
        isPrompt = situation & 4 != 0
        isLoopback = situation & 3 == 0
        callsLocalNetwork = situation & 8 != 0
        limitsLocalNetworks = situation & 16 != 0
        remembersJobs = situation & 32 != 0
        listenAddresses = Cast.listenAddresses(situation & 3)
        node = Node(
            NodeConfiguration(identity: Cast.own, listenAddresses: listenAddresses, seed: 1), at: now)
        self.source = source
    }

    /// Starts the node with contacts, secrets and tasks of an earlier run, some of them strange.
    mutating func begin() throws(Violation) {
        for _ in 0..<source.index(below: 4) {
            let answeredAt = remembered()
            rememberedContacts.append(Contact(peer(), answeredAt: answeredAt))
        }
        for place in 0..<source.index(below: 4) {
            let bytes = [UInt8](repeating: UInt8(place), count: 32)
            durableSecrets.append(TokenSecret(bytes: bytes, drawnAt: remembered()))
        }
        if remembersJobs {
            rememberedJobs = node.jobReports.map { report in
                var report = report
                report.due = remembered()
                report.lastRun = source.flag() ? remembered() : nil
                return report
            }
        }
        try start()
    }

    /// A time that an earlier run saved: now, or any possible time.
    private mutating func remembered() -> Instant {
        source.flag() ? Instant(nanoseconds: Int64(bitPattern: source.integer(UInt64.self))) : now
    }

    /// Kills the node: work under way is lost, durable data is not.
    mutating func restart() throws(Violation) {
        checks = []
        loads = []
        // A write under way may reach the disk or not.
        if source.flag(), let intent = commits.first?.intent { model.disk.write(intent) }
        commits = []
        asked = []
        model.restarted()
        try start()
    }

    private mutating func start() throws(Violation) {
        let seed = UInt64(source.byte())
        var configuration = NodeConfiguration(
            identity: Cast.own, listenAddresses: listenAddresses, peers: (0..<seed % 3).map { _ in address() },
            contacts: rememberedContacts, tokenSecrets: durableSecrets, seed: seed)
        configuration.limitsLocalNetworks = limitsLocalNetworks
        configuration.jobs = rememberedJobs
        if callsLocalNetwork {
            configuration.callsLocalNetwork = true
            configuration.lanHosts = Cast.lanHosts
        }
        node = Node(configuration, at: now)
        hasDrawn = false
        try give(.timerFired)
    }

    /// Gives the node an input and carries out its effects.
    mutating func give(_ input: Input) throws(Violation) {
        var effects: [Effect] = []
        node.handle(input, at: now, into: &effects)
        for effect in effects { try carryOut(effect) }
        if hasDrawn {
            hasDrawn = false
            try drawSecret()
        }
        while let work = republishWork.popLast() { try finish(work) }
    }

    private mutating func carryOut(_ effect: Effect) throws(Violation) {
        switch effect {
        case .send(let message, let address, _):
            try model.sent(message, to: address, by: node, at: now)
            if model.isRequest(message), asked.count < NodeRun.askedMax { asked.append((message, address)) }
        case .verify(let id, let packet, let entries): checks.append((id, packet, entries))
        case .load(let id, let target, let offset, let limit):
            try require((1...1024).contains(limit) && offset >= 0, "a page of \(limit) values from \(offset) on")
            loads.append((id, target, offset, limit, model.dealtWith))
        case .commit(let id, let intent):
            try model.check(intent, at: now)
            commits.append((id, intent, model.dealtWith))
        case .saveTokenSecrets(let secrets):
            try require((1...2).contains(secrets.count), "\(secrets.count) secrets are to be kept")
            durableSecrets = secrets
        case .drawTokenSecret: hasDrawn = true
        case .callLocalNetwork: try require(callsLocalNetwork, "a call in the local network that nobody wanted")
        case .saveContacts(let contacts, _): rememberedContacts = contacts
        case .listDueKeys(let id, let limit):
            try require(limit >= 0, "a list of \(limit) keys")
            republishWork.append(.list(id))
        case .loadRepublishable(let id, let targets):
            try require((1...64).contains(targets.count), "the values of \(targets.count) keys at once")
            republishWork.append(.load(id, targets))
        case .refresh(let intent):
            let isBounded = intent.values.allSatisfy { $0.servedUntil <= now + .seconds(3600) }
            try require(isBounded, "a value that was stored again is served for over an hour")
        case .noteRepublication(let report): try require(report.holders.count <= 16, "\(report.holders.count) holders")
        case .saveJobs(let jobs):
            try require(jobs.count < 32, "\(jobs.count) jobs")
            if remembersJobs { rememberedJobs = jobs }
        case .emit(let event): try model.told(event)
        }
    }

    /// Requests of republishing to the archive.
    enum RepublishWork {
        case list(WorkID)
        case load(WorkID, [Target])
    }

    /// Answers with a few keys of a small space, so that they repeat, and with values of any kind.
    private mutating func finish(_ work: RepublishWork) throws(Violation) {
        switch work {
        case .list(let id):
            let keys = (0..<source.byte() % 8).map { _ in
                let byte = source.byte()
                return DueKey(
                    target: Target(hashing: "\(byte % 16)"), deadline: now + .seconds(Int(byte)), isPinned: byte > 200)
            }
            model.pinned.formUnion(keys.filter(\.isPinned).map(\.target))
            let due = DueKeys(keys: keys, total: keys.count, kept: keys.count, nextDue: nil)
            try give(.dueKeysListed(id, due))
        case .load(let id, let targets):
            let loaded = targets.map { target in
                let values = (0..<source.byte() % 12).compactMap { number in
                    (try? Entry(unsigned: [number])).map { entry in
                        RepublishableValue(entry: entry, servedUntil: number % 2 == 0 ? nil : now + .seconds(600))
                    }
                }
                return RepublishableTarget(target: target, values: values)
            }
            try give(.republishableLoaded(id, loaded))
        }
    }

    mutating func drawSecret() throws(Violation) {
        // No two are the same, as with real random secrets.
        secretCount += 1
        let number = [UInt8(secretCount & 0xFF), UInt8(secretCount >> 8 & 0xFF)]
        try give(.tokenSecretDrawn(number + [UInt8](repeating: source.byte(), count: 30)))
    }

    mutating func receive(_ bytes: [UInt8], from address: Address) throws(Violation) {
        if datagrams.count < NodeRun.datagramsMax { datagrams.append((bytes, address)) }
        model.received(bytes, from: address, at: now)
        try give(.datagramReceived(bytes, from: address))
    }

    // MARK: Work that was asked for

    mutating func finishCheck(_ place: Int) throws(Violation) {
        guard checks.indices.contains(place) else { return }
        let check = checks.remove(at: place)
        model.dealtWith = check.packet.bytes
        defer { model.dealtWith = nil }
        try give(
            .signaturesChecked(
                check.id,
                SignatureVerdict(
                    packetIsAuthentic: Forgery.isAuthentic(check.packet),
                    entriesAreAuthentic: check.entries.map { Forgery.isAuthentic($0) })))
    }

    mutating func finishLoad(_ place: Int, fails: Bool) throws(Violation) {
        guard loads.indices.contains(place) else { return }
        let load = loads.remove(at: place)
        guard !fails else { return try give(.loadFailed(load.id)) }
        let values = model.disk.page(of: load.target, offset: load.offset, limit: load.limit, at: now)
        model.loaded = (load.target, values)
        model.dealtWith = load.packet
        defer { (model.loaded, model.dealtWith) = (nil, nil) }
        try give(.entriesLoaded(load.id, values))
    }

    /// Usually the disk works.
    mutating func finishCommit(_ place: Int, _ mood: UInt8) throws(Violation) {
        guard commits.indices.contains(place) else { return }
        let commit = commits.remove(at: place)
        let outcome: CommitOutcome
        switch mood {
        case 240...: outcome = .refused
        case 220...: outcome = .failed
        default: outcome = model.disk.write(commit.intent) ? .held : .superseded
        }
        model.dealtWith = commit.packet
        defer { model.dealtWith = nil }
        try give(.commitCompleted(commit.id, outcome))
    }

    mutating func finishEverything() throws(Violation) {
        while !checks.isEmpty || !loads.isEmpty || !commits.isEmpty {
            try finishCheck(0)
            try finishLoad(0, fails: false)
            try finishCommit(0, 0)
        }
    }

    // MARK: Time

    /// Lets time pass. A late timer fires once, at the end.
    mutating func pass(_ duration: Duration, isLate: Bool) throws(Violation) {
        let end = now + duration
        var firings = 0
        while !isLate, firings < 64, let wakeUp = node.nextWakeUp, wakeUp <= end {
            now = max(now, wakeUp)
            try fireTimer()
            firings += 1
        }
        now = end
        try fireTimer()
    }

    private mutating func fireTimer() throws(Violation) {
        try give(.timerFired)
        if let wakeUp = node.nextWakeUp {
            try require(wakeUp > now, "the timer is to fire at \(wakeUp), and it has just fired at \(now)")
        }
    }

    /// Ends the run: from here on the surroundings work, nobody answers, and time passes.
    mutating func finish() throws(Violation) {
        try finishEverything()
        let end = now + .seconds(1800)
        while !model.openCommands.isEmpty, let wakeUp = node.nextWakeUp, wakeUp <= end {
            now = max(now, wakeUp)
            try fireTimer()
            try finishEverything()
        }
        try require(model.openCommands.isEmpty, "commands that never complete: \(model.openCommands.values)")
        try Bounds.check(node, at: now)
    }
}
