internal import Bristlecone
internal import IPv8
internal import Platform

/// `/asyncio` and `/tunnel`: what the reference tells of its process, and of an overlay that this node does not take part
/// in.
extension PyIPv8 {
    static let processRoutes = [
        PyIPv8Route("asyncio/drift", get: PyIPv8.measuredDrift, put: PyIPv8.measureDrift),
        PyIPv8Route("asyncio/tasks", get: PyIPv8.tasks),
        PyIPv8Route("asyncio/debug", get: PyIPv8.debugging, put: PyIPv8.debug),
    ]

    private func measuredDrift(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        guard let measurements = drift.measurements else { throw .refused(status: 404, "Core drift disabled.") }
        return PyIPv8Answer(body: [
            "measurements": .array(
                measurements.map { ["timestamp": PythonJSON($0.at), "drift": .float($0.drift.seconds)] })
        ])
    }

    private func measureDrift(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let parameters = try await call.json()
        guard try parameters.contains("enable") else { throw .bare(status: 400, "incorrect parameters") }
        if try parameters.get("enable").isTrue { drift.enable() } else { drift.disable() }
        return .success
    }

    /// The node's recurring tasks. What they do is done in bits, so none of them has a stack of its own.
    private func tasks(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let status = await node.status()
        let start = Instant.machineNow - status.uptime
        let tasks = (status.upkeep?.jobs ?? []).map { task -> PythonJSON in
            var members: [(String, PythonJSON)] = [
                ("name", .string(task.name)), ("running", false), ("stack", []),
                ("taskmanager", .string(PyIPv8.communityName)), ("start_time", PythonJSON(start)),
            ]
            if let lastRun = task.lastRun {
                members.append(("interval", PythonJSON(max(0, (task.due - lastRun).components.seconds))))
            }
            return PythonJSON(members)
        }
        return PyIPv8Answer(body: ["tasks": .array(tasks)])
    }

    /// There is no event loop of Python whose debugging could be switched on.
    private func debugging(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        PyIPv8Answer(body: ["messages": [], "enable": false, "slow_callback_duration": .float(0.1)])
    }

    private func debug(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        let parameters = try await call.json()
        let hasFlag = try parameters.contains("enable")
        let hasDuration = try parameters.contains("slow_callback_duration")
        guard hasFlag || hasDuration else { throw .refused(status: 400, "incorrect parameters") }
        _ = try parameters.get("slow_callback_duration")
        return .success
    }

    // MARK: Tunnels

    static let tunnelRoutes = [
        PyIPv8Route("tunnel/settings", get: always(["settings": [:]])),
        PyIPv8Route("tunnel/circuits", get: always(["circuits": []])),
        PyIPv8Route("tunnel/circuits/test", get: PyIPv8.testCircuit),
        PyIPv8Route("tunnel/circuits/{circuit}/test", get: PyIPv8.testCircuit),
        PyIPv8Route("tunnel/relays", get: always(["relays": []])),
        PyIPv8Route("tunnel/exits", get: always(["exits": []])),
        PyIPv8Route("tunnel/swarms", get: always(["swarms": []])),
        PyIPv8Route("tunnel/swarms/{infohash}/size", get: always(["swarms": []])),
        PyIPv8Route("tunnel/peers", get: always(["peers": []])),
        PyIPv8Route("tunnel/peers/dht", get: always([])),
        PyIPv8Route("tunnel/peers/pex", get: always([])),
    ]

    private static func always(_ body: PythonJSON) -> PyIPv8Route.Handler {
        { _ in { _ in PyIPv8Answer(body: body) } }
    }

    private func testCircuit(_ call: PyIPv8Call) async throws(PyIPv8Failure) -> PyIPv8Answer {
        guard call.parameter.allSatisfy(\.isNumber) else {
            throw .bare(status: 400, "circuit_id must be an integer")
        }
        throw .bare(status: 404, "TunnelCommunity is not initialized")
    }
}

extension Instant {
    /// The time by the machine's clock.
    static var machineNow: Instant { Instant(sinceEpoch: SystemClock.sinceEpoch) }
}
