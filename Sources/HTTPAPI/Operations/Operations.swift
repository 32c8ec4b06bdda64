internal import HTTPTypes

/// The API: everything that a program can ask a node for.
package enum Operations {
    /// In the order of the OpenAPI description.
    static let all: [any AnyOperation] = [
        status, overview, health, history, events, lookUp, store, storeMany, withdraw, values, key, ping, connect, plan,
        pins,
        changePins,
        settings, changeSettings, reloadSettings,
        blocks, changeBlocks, bans, changeBans, forget, unblock,
        evidence, publishers, sources, density, contacts, buckets, peers, tasks, runTask, scrub, runScrub, verify,
        backUp, importDump,
    ]

    private static let streaming = all.map(\.facts).filter(\.streamsBody)

    /// Whether a request is one whose body may have any length.
    static func streamsBody(_ request: HTTPRequest) -> Bool {
        let path = request.path?.prefix { $0 != "?" } ?? ""
        return streaming.contains { $0.method == request.method && $0.path == path }
    }
}
