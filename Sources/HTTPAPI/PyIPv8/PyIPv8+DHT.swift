internal import Bristlecone
internal import FoundationEssentials
internal import IPv8
internal import Kademlia

/// `/dht` and `/noblockdht`.
extension PyIPv8 {
    static let dhtRoutes = [
        PyIPv8Route("dht/statistics", get: PyIPv8.statistics),
        PyIPv8Route("dht/values", get: PyIPv8.storedValues),
        PyIPv8Route("dht/values/{key}", isLong: true, get: PyIPv8.values, put: PyIPv8.putValue),
        PyIPv8Route("dht/peers/{mid}", isLong: true, getAccess: .write, get: PyIPv8.peers),
        PyIPv8Route("dht/buckets", get: PyIPv8.buckets),
        PyIPv8Route("dht/buckets/{word}/refresh", isLong: true, getAccess: .write, get: PyIPv8.refresh),
        PyIPv8Route("noblockdht/{mid}", getAccess: .write, get: PyIPv8.connectLater),
    ]

    // MARK: Statistics

    private func statistics(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let overlay = try await overlay()
        let own = node.publicKey.mid
        // One archive serves both families, so each of them shows the same number.
        let keys = node.servedKeyCount
        let endpoints = overlay.families.filter(\.hasHadContacts).map { family -> PythonJSON in
            [
                "endpoint": family.family.interface, "node_id": .string(family.nodeID.description),
                "routing_table_size": PythonJSON(family.contactCount),
                "routing_table_buckets": PythonJSON(family.buckets.count), "num_keys_in_store": PythonJSON(keys),
            ]
        }
        let peers = overlay.peersByKey.sorted { $0.key < $1.key }
        return PyIPv8Answer(body: [
            "statistics": [
                "peer_id": .string(own.description), "num_tokens": PythonJSON(overlay.tokens),
                "endpoints": .array(endpoints),
                "num_peers_in_store": PythonJSON(peers.map { ($0.key.description, PythonJSON($0.value)) }),
                "num_store_for_me": PythonJSON([(own.description, PythonJSON(overlay.ownRecordHolders.count))]),
            ]
        ])
    }

    // MARK: Values

    /// How many values a part of the listing has, if nobody asks for another number, and at most. It ends with a key.
    private static let listed = 1000
    private static let listedMax = 10_000

    private func storedValues(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let query = call.request.query
        let after = try query["after"].map { (text) throws(PyIPv8Failure) in
            Target(bits: PyIPv8.bits(try PyIPv8.unhexlify(text)))
        }
        let limit = min(max(query["limit"].flatMap { Int($0) } ?? PyIPv8.listed, 1), PyIPv8.listedMax)
        let listing: ServedValues
        do throws(NodeError) {
            listing = try node.servedValues(after: after, limit: limit)
        } catch {
            throw PyIPv8.failure(error)
        }
        var keys: [(String, PythonJSON)] = []
        var rest = listing.values[...]
        while let key = rest.first?.key {
            let values = rest.prefix { $0.key == key }
            rest = rest.dropFirst(values.count)
            let rows = values.map { served in
                PyIPv8.value(served.value, under: key.bytes, [("endpoint", (served.family ?? .ipv4).interface)])
            }
            keys.append((key.description, .array(rows)))
        }
        return PyIPv8Answer(
            body: PythonJSON(keys), next: listing.next.map { "/dht/values?after=\($0)&limit=\(limit)" })
    }

    private static func value(
        _ value: FoundValue, under key: [UInt8], _ members: [(String, PythonJSON)] = []
    ) -> PythonJSON {
        PythonJSON(
            members + [
                ("public_key", value.signer.map { base64($0.bytes) } ?? .null), ("key", .string(Hex.encode(key))),
                ("value", .string(Hex.encode(value.data))),
            ])
    }

    private func values(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let key = try PyIPv8.unhexlify(call.parameter)
        let found: FindReport
        do throws(NodeError) {
            found = try await node.findValues(key: Target(bits: PyIPv8.bits(key)))
        } catch {
            throw PyIPv8.failure(error)
        }
        if found.asked == 0, found.values.isEmpty, try await overlay().isEmptied { throw .noNodes }
        return PyIPv8Answer(body: [
            "values": .array(found.values.map { PyIPv8.value($0, under: key) }),
            "debug": [
                "requests": PythonJSON(found.asked), "responses": PythonJSON(found.answered),
                "responses_with_nodes": PythonJSON(found.answered - found.withValues),
                "responses_with_values": PythonJSON(found.withValues), "time": .float(found.duration.seconds),
            ],
        ])
    }

    private func putValue(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let parameters = try await call.json()
        guard try parameters.contains("value") else { throw .refused(status: 400, "incorrect parameters") }
        let key = Target(bits: PyIPv8.bits(try PyIPv8.unhexlify(call.parameter)))
        let data = try parameters.member("value").unhexlified()
        do throws(NodeError) {
            let report = try await node.storeValue(key: key, data: data, signed: true)
            return PyIPv8Answer(body: ["success": true, "acknowledged": PythonJSON(report.acknowledged)])
        } catch {
            throw PyIPv8.failure(error)
        }
    }

    // MARK: Peers

    private func peers(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let mid = Mid(bits: PyIPv8.bits(try PyIPv8.unhexlify(call.parameter)))
        let nodes = try await nodes(of: mid)
        return PyIPv8Answer(body: [
            "peers": .array(
                nodes.map { node in
                    [
                        "public_key": PyIPv8.base64(node.publicKey.bytes),
                        "address": [.string(node.address.host.description), PythonJSON(node.address.port)],
                    ]
                })
        ])
    }

    private func nodes(of mid: Mid) async throws(PyIPv8Failure) -> [NodeInfo] {
        let registered = await node.registeredPeer(mid: mid)
        if !registered.isEmpty { return registered }
        let overlay = try await overlay()
        if mid == node.publicKey.mid {
            let own = overlay.families.filter { $0.hasHadContacts && $0.wan.port != 0 }
            if !own.isEmpty { return own.map { NodeInfo(address: $0.wan, publicKey: node.publicKey) } }
        } else if overlay.contactCount > 0 {
            do throws(NodeError) {
                return try await node.connectPeer(mid: mid)
            } catch  where error.code != .nobodyAnswered {
                throw PyIPv8.failure(error)
            } catch {
                throw .dht("Failed to connect peer")
            }
        }
        throw overlay.isEmptied ? .noNodes : .dht("No nodes found for connecting to peer")
    }

    private func connectLater(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let mid = Mid(bits: PyIPv8.bits(try PyIPv8.unhexlify(call.parameter)))
        // The core limits how many searches are under way, and the node's end ends this one.
        Task { [node] in _ = try? await node.connectPeer(mid: mid) }
        return .success
    }

    // MARK: Buckets

    private func buckets(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let families = try await overlay().families.filter(\.hasHadContacts)
        let buckets = families.flatMap { family in
            family.buckets.map { bucket -> PythonJSON in
                [
                    "prefix": .string(bucket.prefix), "last_changed": PythonJSON(bucket.lastChanged),
                    "endpoint": family.family.interface,
                    "peers": .array(bucket.contacts.map { PyIPv8.contact($0, seenFrom: family.nodeID) }),
                ]
            }
        }
        return PyIPv8Answer(body: ["buckets": .array(buckets)])
    }

    private static func contact(_ contact: OverlayReport.Contact, seenFrom own: NodeID) -> PythonJSON {
        [
            "ip": .string(contact.node.address.host.description), "port": PythonJSON(contact.node.address.port),
            "mid": .string(contact.node.publicKey.mid.description), "id": .string(contact.nodeID.description),
            "failed": PythonJSON(contact.failures), "last_contact": PythonJSON(contact.lastHeard),
            "distance": PythonJSON(Distance(contact.nodeID, own).bits),
        ]
    }

    private func refresh(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let outcome: BucketRefresh
        do throws(NodeError) {
            outcome = try await node.refreshBucket(prefix: call.parameter)
        } catch {
            throw .refused(status: 200, error.message)
        }
        switch outcome {
        case .refreshed: return .success
        case .noSuchBucket: throw .refused(status: 400, "no such bucket")
        case .noContacts: throw .refused(status: 200, PyIPv8Failure.noNodesText)
        }
    }

    static func base64(_ bytes: some Collection<UInt8>) -> PythonJSON { .string(base64Text(bytes)) }
    static func base64Text(_ bytes: some Collection<UInt8>) -> String { Data(bytes).base64EncodedString() }
}

extension PyIPv8Failure {
    fileprivate static let noNodesText = "No nodes found in the routing table"
    fileprivate static let noNodes = PyIPv8Failure.dht(noNodesText)
}

extension AddressFamily {
    /// What the reference calls its socket.
    fileprivate var interface: PythonJSON {
        switch self {
        case .ipv4: "UDPIPv4"
        case .ipv6: "UDPIPv6"
        }
    }
}

extension OverlayReport {
    var contactCount: Int { families.reduce(0) { $0 + $1.contactCount } }
    /// Whether there is a routing table and nobody in it. The reference has no table before its first contact.
    fileprivate var isEmptied: Bool { contactCount == 0 && families.contains { $0.hasHadContacts } }
}
