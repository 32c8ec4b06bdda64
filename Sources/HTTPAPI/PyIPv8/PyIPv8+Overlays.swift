internal import Bristlecone
internal import IPv8
internal import Kademlia

/// `/overlays`, `/network` and `/isolation`.
extension PyIPv8 {
    static let overlayRoutes = [
        PyIPv8Route("overlays", get: PyIPv8.overlays),
        PyIPv8Route("overlays/statistics", get: PyIPv8.traffic, post: PyIPv8.enableTraffic),
        PyIPv8Route("network", get: PyIPv8.network),
        PyIPv8Route("isolation", post: PyIPv8.isolate),
    ]

    /// The overlay's id, which every packet has behind two bytes for the protocol.
    private static let communityID = Packet.prefix.dropFirst(2)
    /// What the reference calls the class that speaks this protocol.
    static let communityName = "DHTDiscoveryCommunity"

    // MARK: The overlay

    private func overlays(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let overlay = try await overlay()
        let first = overlay.families.first
        let peers = overlay.peers.map { contact -> PythonJSON in
            [
                "ip": .string(contact.node.address.host.description), "port": PythonJSON(contact.node.address.port),
                "public_key": .string(contact.node.publicKey.description),
            ]
        }
        return PyIPv8Answer(body: [
            "overlays": [
                [
                    "id": .string(Hex.encode(PyIPv8.communityID)), "my_peer": .string(node.publicKey.description),
                    "global_time": PythonJSON(overlay.globalTime), "peers": .array(peers),
                    "overlay_name": .string(PyIPv8.communityName), "statistics": totalTraffic,
                    "max_peers": PythonJSON(node.peerLimit > 0 ? node.peerLimit : -1), "is_isolated": true,
                    "my_estimated_wan": PyIPv8.place(first?.wan ?? .none),
                    "my_estimated_lan": PyIPv8.place(first?.lan ?? .none),
                    "strategies": [
                        ["name": "RandomWalk", "target_peers": PythonJSON(BristleconeNode.contactsWanted)],
                        ["name": "PingChurn", "target_peers": -1],
                    ],
                ]
            ]
        ])
    }

    private static func place(_ address: Address) -> PythonJSON {
        ["ip": .string(address.host.description), "port": PythonJSON(address.port)]
    }

    private func network(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let peers = try await overlay().peers.map { contact -> (String, PythonJSON) in
            (
                PyIPv8.base64Text(contact.node.publicKey.mid.bytes),
                [
                    "ip": .string(contact.node.address.host.description),
                    "port": PythonJSON(contact.node.address.port),
                    "public_key": PyIPv8.base64(contact.node.publicKey.bytes),
                    "services": [PyIPv8.base64(PyIPv8.communityID)],
                ]
            )
        }
        return PyIPv8Answer(body: ["peers": PythonJSON(peers)])
    }

    // MARK: Traffic

    /// All kinds of message together.
    private var totalTraffic: PythonJSON {
        let traffic = node.traffic.filter { $0.kind != nil }
        let times = traffic.compactMap(\.first) + traffic.compactMap(\.last)
        let span = (times.max() ?? .distantPast) - (times.min() ?? .distantPast)
        func sum(_ direction: MessageTraffic.Direction, _ figure: KeyPath<MessageTraffic, Int>) -> PythonJSON {
            PythonJSON(traffic.reduce(0) { $0 + ($1.direction == direction ? $1[keyPath: figure] : 0) })
        }
        return [
            "num_up": sum(.sent, \.datagrams), "num_down": sum(.received, \.datagrams), "bytes_up": sum(.sent, \.bytes),
            "bytes_down": sum(.received, \.bytes), "diff_time": .float(span.seconds),
        ]
    }

    private func traffic(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        var messages: [(String, PythonJSON)] = []
        let traffic = node.traffic
        for received in traffic where received.direction == .received {
            guard let kind = received.kind,
                let sent = traffic.first(where: { $0.kind == kind && $0.direction == .sent }),
                received.datagrams + sent.datagrams > 0
            else { continue }
            messages.append(
                (
                    "\(kind.rawValue):\(kind.handlerName)",
                    [
                        "identifier": PythonJSON(kind.rawValue), "num_up": PythonJSON(sent.datagrams),
                        "num_down": PythonJSON(received.datagrams), "bytes_up": PythonJSON(sent.bytes),
                        "bytes_down": PythonJSON(received.bytes), "first_measured_up": PythonJSON(sent.first),
                        "first_measured_down": PythonJSON(received.first), "last_measured_up": PythonJSON(sent.last),
                        "last_measured_down": PythonJSON(received.last),
                    ]
                ))
        }
        return PyIPv8Answer(body: ["statistics": [PythonJSON([(PyIPv8.communityName, PythonJSON(messages))])]])
    }

    /// The node counts always, so there is nothing to do but to check the request as the reference does.
    private func enableTraffic(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let parameters = try await call.json()
        guard try parameters.contains("enable") else { throw .refused(status: 400, "Parameter \"enable\" is required") }
        let hasTarget = try parameters.contains("all") ? true : try parameters.contains("overlay_name")
        guard hasTarget else { throw .refused(status: 412, "Parameter \"all\" or \"overlay_name\" is required") }
        _ = try parameters.member("enable")
        return .success
    }

    // MARK: Isolation

    private func isolate(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let parameters = try await call.json()
        guard parameters.isTrue, try parameters.contains("ip"), try parameters.contains("port") else {
            throw .refused(status: 400, "Parameters \"ip\" and \"port\" are required")
        }
        let isExit = try parameters.contains("exitnode")
        let isBootstrap = try parameters.contains("bootstrapnode")
        guard isExit || isBootstrap else {
            throw .refused(status: 400, "Parameter \"exitnode\" or \"bootstrapnode\" is required")
        }
        let (ip, port) = (try parameters.member("ip"), try parameters.member("port"))
        // Exit nodes are a matter of other overlays.
        if isExit { return .success }
        let address = try PyIPv8.address(ip, port)
        do throws(NodeError) {
            try await node.walk(to: address)
            return .success
        } catch {
            throw .thrown("OSError", error.message)
        }
    }

    private static func address(_ ip: PythonJSON, _ port: PythonJSON) throws(PyIPv8Failure) -> Address {
        func unpackable(_ reason: String) -> PyIPv8Failure {
            .thrown("PackError", "Could not pack item: ('ipv4', (\(ip.pythonText), \(port.pythonText)))\n\(reason)")
        }
        for value in [ip, port] where value.isContainer {
            throw .thrown("TypeError", "unhashable type: '\(value.typeName)'")
        }
        guard case .string(let text) = ip else {
            let type = ip == .null ? "None" : ip.typeName
            throw unpackable("TypeError: inet_aton() argument 1 must be str, not \(type)")
        }
        guard let host = IPAddress(text) else {
            throw unpackable("OSError: illegal IP address string passed to inet_aton")
        }
        guard case .integer(let digits) = port else { throw unpackable("error: required argument is not an integer") }
        guard let number = UInt16(digits) else {
            let reason = digits.hasPrefix("-") ? "argument out of range" : "'H' format requires 0 <= number <= 65535"
            throw unpackable("error: \(reason)")
        }
        return Address(host: host, port: number)
    }
}

extension OverlayReport {
    /// Each contact once, at the address of the family where it was heard from last.
    fileprivate var peers: [Contact] {
        var latest: [Mid: Contact] = [:]
        let contacts = families.flatMap(\.buckets).flatMap(\.contacts)
        for contact in contacts where contact.lastHeard > latest[contact.node.publicKey.mid]?.lastHeard ?? .distantPast
        {
            latest[contact.node.publicKey.mid] = contact
        }
        return latest.values.sorted { $0.node.publicKey.mid < $1.node.publicKey.mid }
    }
}

extension MessageKind {
    /// The method of the reference that handles such messages.
    fileprivate var handlerName: String {
        switch self {
        case .puncture: "on_new_puncture"
        case .punctureRequest: "on_new_puncture_request"
        case .introductionRequest: "on_new_introduction_request"
        case .introductionResponse: "on_new_introduction_response"
        case .punctureV1: "on_puncture"
        case .punctureRequestV1: "on_old_puncture_request"
        case .introductionRequestV1: "on_old_introduction_request"
        case .introductionResponseV1: "on_old_introduction_response"
        case .pingRequest, .pingResponse, .storeRequest, .storeResponse, .findRequest, .findResponse, .storePeerRequest,
            .storePeerResponse, .connectPeerRequest, .connectPeerResponse:
            "on_\(name)"
        }
    }
}
