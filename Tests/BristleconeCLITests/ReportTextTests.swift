import Console
import IPv8
import Kademlia
import Testing

@testable import Bristlecone
@testable import BristleconeCLI

@Suite struct ReportTextTests {
    private let person = Terminal(shortensKeys: true, usesColours: false)
    private let key = Target(hashing: "hello")
    private let signer: PublicKey

    init() throws {
        signer = try PrivateKey(bytes: Array("LibNaCLSK:".utf8) + [UInt8](repeating: 1, count: 64)).publicKey
    }

    @Test func tellsAStore() {
        let report = StoreReport(
            key: key, version: 5, asked: 8, acknowledged: 7, duration: .milliseconds(420))
        #expect(
            report.text(on: person) == """
                Stored under aaf4c61d…434d
                  confirmed by  7 of 8 other nodes
                  signed        yes, version 5
                  took          420 ms
                """)
        #expect(report.text(on: .plain).hasPrefix("Stored under aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\n"))
    }

    @Test(arguments: [(0, "nobody else: no node was reachable, see bristlecone status"), (3, "0 of 3 other nodes")])
    func tellsAStoreThatNobodyElseKeeps(asked: Int, confirmedBy: String) {
        let report = StoreReport(key: key, version: nil, asked: asked, acknowledged: 0, duration: .milliseconds(3))
        #expect(
            report.text(on: person) == """
                Stored on this node only, under aaf4c61d…434d
                  confirmed by  \(confirmedBy)
                  signed        no
                  took          3.0 ms
                """)
    }

    @Test func tellsAFind() {
        let report = FindReport(
            key: key,
            values: [
                FoundValue(data: Array("hi".utf8), version: 9, signer: signer),
                FoundValue(data: [0, 255, 18]),
            ],
            asked: 9, answered: 8, withValues: 3, duration: .milliseconds(1300))
        let mid = person.digits(signer.mid)
        #expect(
            report.text(on: person, isLocal: false) == """
                2 values under aaf4c61d…434d
                  "hi"      signed by \(mid), version 9
                  0x00ff12  unsigned
                9 nodes asked, 8 answered, 3 had values, in 1.3 s.
                """)
    }

    @Test(arguments: [
        ("plain text", "\"plain text\""), ("Grüße", "\"Grüße\""), ("", "(empty)"), ("\u{1B}[2J", "0x1b5b324a"),
        ("a\nb", "0x610a62"), ("\u{202E}x", "0xe280ae78"),
    ])
    func showsNothingThatCommandsATerminal(data: String, shown: String) {
        #expect(Terminal.shown(Array(data.utf8)) == shown)
    }

    @Test func tellsWhyNothingWasFound() {
        let report = { (asked: Int) in
            FindReport(key: key, values: [], asked: asked, answered: 0, withValues: 0, duration: .zero)
        }
        #expect(report(2).nothingFound(isLocal: false).hasSuffix("434d: 2 nodes asked, 0 answered."))
        #expect(report(0).nothingFound(isLocal: false).contains("knows nobody to ask: see \"bristlecone status\""))
        #expect(report(0).nothingFound(isLocal: true).contains("serves nothing under aaf4"))
    }

    @Test func tellsAStatusOfANodeThatHasNothingYet() throws {
        let address = try #require(Address("127.0.0.1:8090"))
        let status = NodeStatus(
            version: "0.2.0", processID: 7, uptime: .seconds(11_520), publicKey: signer,
            endpoints: [
                NodeStatus.Endpoint(
                    listen: address, external: nil, nodeID: NodeID(host: address.host, mid: signer.mid), contacts: 0,
                    goodContacts: 0, buckets: 1)
            ],
            contacts: [],
            archive: NodeStatus.Storage(
                values: 1, keys: 1, liveBytes: 3_565_158, mapBytes: 4096, journalLast: 9, indexLast: 7),
            upkeep: NodeStatus.Upkeep(
                phase: "idle", dueKeys: 0, keptKeys: 1, waitingKeys: 0, activeArcs: 0, nodes: 0, nextDue: nil,
                jobs: [
                    NodeStatus.RecurringTask(
                        name: "walk", due: Instant(seconds: 1_770_120_001), lastRun: Instant(seconds: 1_770_120_000),
                        lastResult: "sent 1 message", budget: "one step"),
                    NodeStatus.RecurringTask(
                        name: "scrub", due: Instant(seconds: 1_770_120_001), lastRun: nil, lastResult: nil, budget: ""),
                ]),
            problems: ["The identity is gone."], warnings: ["The identity is gone."],
            room: NodeStatus.Room(
                liveBytes: 95, limitBytes: 100, freeBytes: 2 << 30, reserveBytes: 1 << 30, growthPerDay: 1,
                daysUntilFull: 5),
            traffic: NodeStatus.Bandwidth(receivedBytesPerSecond: 2048, sentBytesPerSecond: 10.4),
            counters: ["received": 3, "quiet": 0])
        #expect(
            status.text(on: person) == """
                Bristlecone 0.2.0, running for 3 h 12 min (pid 7)
                ! The identity is gone.

                  identity      \(person.digits(signer.mid)) (curve25519)
                  archive       1 value under 1 key, 3.4 MiB in use
                  journal       change 9, index 2 behind
                  size limit    95 % of 100 B used, full in about 5 days
                  disk          2.0 GiB free, of which 1.0 GiB are kept free
                  traffic       2.0 KiB/s in, 10 B/s out
                  last backup   none known: bristlecone backup FOLDER
                  republishing  1 key to republish, 0 due: idle

                Listens on
                  address         seen as        node id        contacts  good  buckets
                  127.0.0.1:8090  not known yet  \(person.digits(NodeID(host: address.host, mid: signer.mid)))  0         0     1

                Contacts
                  none yet; give the node one with --peer ADDRESS:PORT

                Tasks
                  task   last worked           result          next run
                  walk   2026-02-03T12:00:00Z  sent 1 message  2026-02-03T12:00:01Z
                  scrub  never                                 2026-02-03T12:00:01Z

                Counters since the start
                  received  3
                """)
    }

    @Test func usesColoursOnATerminalOnly() {
        let ping = { (terminal: Terminal) in terminal.good("answered") }
        #expect(ping(.plain) == "answered")
        #expect(ping(Terminal(shortensKeys: true, usesColours: true)) == "\u{1B}[32manswered\u{1B}[0m")
        // Not a terminal, whatever the environment says.
        #expect(!Terminal(descriptor: -1, environment: ["TERM": "xterm"]).usesColours)
    }
}
