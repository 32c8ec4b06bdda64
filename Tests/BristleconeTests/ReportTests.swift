import Archive
import Console
import IPv8
import Kademlia
import Testing

@testable import Bristlecone

/// The JSON of every report, as programs rely on it.
@Suite struct ReportTests {
    private let key = Target(hashing: "greeting")
    private let signer: PublicKey

    init() throws {
        signer = try PrivateKey(bytes: Array("LibNaCLSK:".utf8) + [UInt8](repeating: 1, count: 64)).publicKey
    }

    @Test func everyRefusalOfAnImportHasWords() {
        #expect(ImportText.refusals.map(\.key) == ImportRefusal.allCases.map(\.rawValue))
    }

    /// The JSON of a value, which is read back to the same.
    private func json<Value: Codable & Equatable>(_ value: Value) throws -> String {
        let text = try JSONText.encode(value)
        #expect(try JSONText.decode(Value.self, from: text.utf8) == value)
        return text
    }

    @Test func storeHasItsShape() throws {
        let signed = StoreReport(
            key: key, version: 7, asked: 8, acknowledged: 7, duration: .milliseconds(1250))
        #expect(
            try json(signed)
                == #"{"acknowledged":7,"asked":8,"key":"\#(key)","seconds":1.25,"version":7}"#)
        var unsigned = signed
        unsigned.version = nil
        #expect(try json(unsigned).hasSuffix(#""seconds":1.25,"version":null}"#))
    }

    @Test func findHasItsShape() throws {
        let report = FindReport(
            key: key,
            values: [
                FoundValue(data: [0x68, 0x69], version: 9, signer: signer), FoundValue(data: [0]),
            ],
            asked: 4, answered: 3, withValues: 2, duration: .microseconds(1500))
        #expect(
            try json(report)
                == #"{"answered":3,"asked":4,"key":"\#(key)","seconds":0.0015,"values":["#
                + #"{"data":"6869","mid":"\#(signer.mid)","public_key":"\#(signer)","version":9},"#
                + #"{"data":"00","mid":null,"public_key":null,"version":null}],"with_values":2}"#)
    }

    @Test func pingHasItsShape() throws {
        let address = try #require(Address("127.1.0.1:8090"))
        #expect(
            try json(PingReport(address: address, publicKey: signer, roundTrip: .milliseconds(2)))
                == #"{"address":"127.1.0.1:8090","mid":"\#(signer.mid)","public_key":"\#(signer)","#
                + #""round_trip_seconds":0.002}"#)
    }

    @Test func pinsAndForgettingHaveTheirShape() throws {
        let health = ReplicaHealth(
            key: key, lookedAt: Instant(seconds: 1_770_120_000), answered: 9, found: 2, holders: 8)
        let pins = Page(items: [
            PinReport(.key(key), replicas: health), PinReport(.signer(signer.mid), replicas: nil),
        ])
        #expect(
            try json(pins)
                == #"{"items":[{"key":"\#(key)","replicas":{"answered":9,"found":2,"holders":8,"key":"\#(key)","#
                + #""looked_at":"2026-02-03T12:00:00Z"},"signer":null},{"key":null,"replicas":null,"#
                + #""signer":"\#(signer.mid)"}],"next":null}"#)
        let forgotten = ForgetReport([.signer(signer.mid)], erasedRecords: 4, isBlocked: true)
        #expect(try json(forgotten) == #"{"blocked":true,"erased":4,"key":null,"signer":"\#(signer.mid)"}"#)
    }

    @Test func upkeepHasItsShape() throws {
        let job = NodeStatus.RecurringTask(
            name: "walk", due: Instant(seconds: 1_770_120_000), lastRun: nil, lastResult: nil, budget: "little")
        let status = NodeStatus.Upkeep(
            phase: "idle", dueKeys: 1, keptKeys: 2, waitingKeys: 3, activeArcs: 4, nodes: 5, nextDue: nil, jobs: [job])
        #expect(
            try json(status)
                == #"{"active_arcs":4,"due_keys":1,"jobs":[{"budget":"little","due":"2026-02-03T12:00:00Z","#
                + #""last_result":null,"last_run":null,"name":"walk"}],"kept_keys":2,"next_due":null,"nodes":5,"#
                + #""phase":"idle","waiting_keys":3}"#)
        let plan = PlanReport(
            phase: "idle", dueKeys: 1, keptKeys: 2, nodes: 3, packets: 23, keysPerSecond: 0.5, duration: .seconds(2),
            interval: .seconds(2700), keysBeyondCapacity: 0, nextDue: nil)
        #expect(
            try json(plan)
                == #"{"due_keys":1,"duration_seconds":2,"interval_seconds":2700,"kept_keys":2,"#
                + #""keys_beyond_capacity":0,"keys_per_second":0.5,"next_due":null,"nodes":3,"packets":23,"#
                + #""phase":"idle"}"#)
    }

    @Test func statusHasItsShape() throws {
        let four = try #require(Address("127.1.0.1:8090"))
        let six = try #require(Address("[::1]:8091"))
        let id = NodeID(host: four.host, mid: signer.mid)
        let status = NodeStatus(
            version: "0.2.0", processID: 42, uptime: .seconds(3), publicKey: signer,
            endpoints: [
                NodeStatus.Endpoint(listen: four, external: four, nodeID: id, contacts: 3, goodContacts: 2, buckets: 1),
                NodeStatus.Endpoint(listen: six, external: nil, nodeID: id, contacts: 0, goodContacts: 0, buckets: 1),
            ],
            joining: NodeStatus.Joining(peers: [six], asksBootstrapServers: true, callsLocalNetwork: false),
            contacts: [
                NodeStatus.Contact(
                    address: four, mid: signer.mid, nodeID: id, standing: .good,
                    lastResponse: Instant(seconds: 1_770_120_000), failures: 0),
                NodeStatus.Contact(
                    address: six, mid: signer.mid, nodeID: id, standing: .unknown, lastResponse: nil, failures: 1),
            ],
            archive: NodeStatus.Storage(values: 1, keys: 2, liveBytes: 3, mapBytes: 4, journalLast: 5, indexLast: 6),
            clock: NodeStatus.Clock(versionsAhead: .seconds(7200)),
            problems: ["It burns."], counters: ["received": 9, "dropped.bad_signature": 1])
        #expect(
            try json(status)
                == #"{"archive":{"index_last":6,"journal_last":5,"keys":2,"live_bytes":3,"map_bytes":4,"values":1},"#
                + #""clock":{"behind_archive_seconds":0,"versions_ahead_seconds":7200},"#
                + #""contacts":[{"address":"127.1.0.1:8090","failures":0,"last_response":"2026-02-03T12:00:00Z","#
                + #""mid":"\#(signer.mid)","node_id":"\#(id)","status":"good"},"#
                + #"{"address":"[::1]:8091","failures":1,"last_response":null,"mid":"\#(signer.mid)","#
                + #""node_id":"\#(id)","status":"unknown"}],"counters":{"dropped.bad_signature":1,"received":9},"#
                + #""endpoints":[{"buckets":1,"contacts":3,"external":"127.1.0.1:8090","family":"ipv4","#
                + #""good_contacts":2,"listen":"127.1.0.1:8090","node_id":"\#(id)"},"#
                + #"{"buckets":1,"contacts":0,"external":null,"family":"ipv6","good_contacts":0,"#
                + #""listen":"[::1]:8091","node_id":"\#(id)"}],"#
                + #""joining":{"bootstrap_servers":true,"lan_broadcast":false,"peers":["[::1]:8091"]},"#
                + #""key_level":"curve25519","last_backup":null,"mid":"\#(signer.mid)","#
                + #""pid":42,"problems":["It burns."],"public_key":"\#(signer)","room":null,"scrub":null,"#
                + #""traffic":null,"upkeep":null,"uptime_seconds":3,"version":"0.2.0","warnings":[]}"#
        )
    }

    @Test func takesTheDataOfAnEntry() throws {
        let key = try PrivateKey.generate()
        let signed = FoundValue(try Entry(data: [1, 2, 3], version: Version(4), signedBy: key))
        #expect(signed == FoundValue(data: [1, 2, 3], version: 4, signer: key.publicKey))
        #expect(FoundValue(try Entry(unsigned: [5])) == FoundValue(data: [5]))
    }
}
