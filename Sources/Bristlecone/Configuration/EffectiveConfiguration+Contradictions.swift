internal import IPv8

extension EffectiveConfiguration {
    /// What no single value is wrong about, but values together are.
    func contradictions() -> [ConfigurationProblem] {
        listenProblems() + peerProblems() + bootstrapProblems() + broadcastProblems() + shareProblems()
            + upkeepProblems()
    }

    private func listenProblems() -> [ConfigurationProblem] {
        guard !settings.listen.isEmpty else {
            return [
                problem(.listen, "The node would listen nowhere.", "Give listen an address, such as \"0.0.0.0:8090\".")
            ]
        }
        return AddressFamily.allCases.compactMap { family in
            let addresses = settings.listen.filter { $0.family == family }
            guard addresses.count > 1 else { return nil }
            return problem(
                .listen,
                "\(addresses.map(\.description).joined(separator: " and ")) are of the same family (\(family.name)).",
                "Keep one of them, or use \(family == .ipv4 ? "0.0.0.0" : "[::]") for all of the machine's addresses.")
        }
    }

    private func peerProblems() -> [ConfigurationProblem] {
        settings.peers.compactMap { peer in
            if settings.listen.contains(peer) {
                return problem(.peers, "\(peer) is this node's own address.", "Name other nodes only.")
            }
            guard !settings.listen.isEmpty, !settings.listen.contains(where: { $0.family == peer.family }) else {
                return nil
            }
            let example = peer.family == .ipv4 ? "0.0.0.0:8090" : "[::]:8090"
            return problem(
                .peers, "The node has no \(peer.family.name) address to talk to \(peer) from.",
                "Add one to listen, such as \"\(example)\", or remove the peer.")
        }
    }

    private func bootstrapProblems() -> [ConfigurationProblem] {
        guard settings.bootstrap, settings.bootstrapServers.isEmpty else { return [] }
        return [
            problem(
                .bootstrapServers, "Bootstrap servers are to be asked, and none is listed.",
                "List some, or set bootstrap.enabled to false.")
        ]
    }

    private func broadcastProblems() -> [ConfigurationProblem] {
        let canBeCalled = settings.listen.contains { $0.family == .ipv4 && $0.host.isUnspecified }
        guard settings.callsLocalNetwork, !settings.listen.isEmpty, !canBeCalled else { return [] }
        let addresses = settings.listen.map(\.description).joined(separator: " and ")
        return [
            problem(
                .callsLocalNetwork, "Broadcasts do not reach a node that listens on \(addresses).",
                "Listen on 0.0.0.0, or set bootstrap.lan_broadcast to false.")
        ]
    }

    private func shareProblems() -> [ConfigurationProblem] {
        let names: [SettingName] = [.servedShare, .retainedShare, .historyShare, .floorsShare, .evidenceShare]
        guard settings.shares.sum > 100 else { return [] }
        return [
            problem(
                names.first { origin(of: $0) != .standard } ?? .servedShare,
                "The five shares of the archive make \(settings.shares.sum) percent.",
                "Lower some of \(names.map(\.rawValue).joined(separator: ", ")), so that they make 100 at most.")
        ]
    }

    private func upkeepProblems() -> [ConfigurationProblem] {
        let upkeep = settings.upkeep
        guard upkeep.enabled, upkeep.interval >= upkeep.servedFor else { return [] }
        return [
            problem(
                .upkeepInterval,
                "Values would be stored again after \(upkeep.interval), when they have expired after \(upkeep.servedFor).",
                "Make upkeep.interval shorter than upkeep.served_for.")
        ]
    }

    private func problem(_ setting: SettingName, _ message: String, _ remedy: String) -> ConfigurationProblem {
        ConfigurationProblem(origin: origin(of: setting), message: message, remedy: remedy)
    }
}

extension AddressFamily {
    /// The family's name as people write it.
    var name: String {
        switch self {
        case .ipv4: "IPv4"
        case .ipv6: "IPv6"
        }
    }
}
