/// When another value of a setting is used.
package enum SettingChange: String, Sendable, Hashable, Codable, CaseIterable {
    /// At once: with `bristlecone reload` after the file was edited, or with `bristlecone config set`.
    case atOnce = "at_once"
    /// When the node starts again.
    case restart
}

extension SettingName {
    /// The one table that says when another value of a setting is used.
    ///
    /// What can change at once has to be applied by ``BristleconeNode/apply(_:)``, by the API's service or by the program.
    package var change: SettingChange {
        switch self {
        case .logLevel, .logFormat: .atOnce
        case .archiveSizeLimit, .diskReserve, .valuesPerKeyMax: .atOnce
        case .servedShare, .retainedShare, .historyShare, .floorsShare, .evidenceShare: .atOnce
        case .retainPublished, .retainPinned, .retainSigned, .retainUnsigned, .journalKeep: .atOnce
        case .relaxedDurability, .scrubRate: .atOnce
        case .httpReadsNeedKey, .httpHosts, .httpOrigins: .atOnce
        // Sockets, and the folder that everything is in.
        case .data, .listen, .httpListen, .httpGroupReads, .threads: .restart
        // What the core is made with.
        case .peers, .bootstrapEnabled, .bootstrapServers, .callsLocalNetwork, .peerLimit, .limitsLocalNetworks:
            .restart
        case .upkeepEnabled, .upkeepPacketsPerSecond, .servedFor: .restart
        // With another rule the index of due values has to be made anew.
        case .upkeepInterval, .upkeepLifetime: .restart
        }
    }
}
