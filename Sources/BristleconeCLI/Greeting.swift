internal import Bristlecone
internal import Console
internal import IPv8

/// What `run` says once the node is running: what it is, and what to type next.
struct Greeting {
    let status: NodeStatus
    let configuration: EffectiveConfiguration

    /// The lines, for standard output.
    var text: String {
        let settings = configuration.settings
        var table = TextTable()
        for (index, endpoint) in status.endpoints.enumerated() {
            table.add(index == 0 ? "listens on" : "", endpoint.listen.description)
        }
        table.add("identity", status.publicKey.mid.description)
        table.add("data folder", settings.dataFolder)
        table.add("settings", configuration.file ?? "\(settings.dataFolder)/\(DefaultFile.name)")
        table.add("finds peers", peerSources)
        let option = settings.dataFolder == NodeSettings().dataFolder ? "" : " --data \(shellWord(settings.dataFolder))"
        let next = ["status", "store greeting \"hello\"", "find greeting"].map { "  bristlecone \($0)\(option)" }
        return
            (["Bristlecone \(status.version) is running."] + table.lines() + ["", "Next, in another terminal:"] + next
            + ["Ctrl-C stops the node."]).joined(separator: "\n")
    }

    private var peerSources: String {
        let settings = configuration.settings
        let named = settings.peers.isEmpty ? nil : "through \(Words.count(settings.peers.count, "given peer"))"
        let asked =
            settings.bootstrap ? "through \(Words.count(settings.bootstrapServers.count, "bootstrap server"))" : nil
        let ways = [named, asked].compactMap { $0 }
        return ways.isEmpty ? "only those it remembers and those that come to it" : ways.joined(separator: " and ")
    }
}
