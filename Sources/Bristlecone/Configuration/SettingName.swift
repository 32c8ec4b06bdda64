internal import Configuration

/// The settings by the names that the configuration file has for them, in the order in which it lists them.
package enum SettingName: String, Sendable, CaseIterable {
    /// ``NodeSettings/dataFolder``
    case data
    /// ``NodeSettings/listen``
    case listen
    /// ``NodeSettings/peers``
    case peers
    /// ``NodeSettings/bootstrap``
    case bootstrapEnabled = "bootstrap.enabled"
    /// ``NodeSettings/bootstrapServers``
    case bootstrapServers = "bootstrap.servers"
    /// ``NodeSettings/callsLocalNetwork``
    case callsLocalNetwork = "bootstrap.lan_broadcast"
    /// ``NodeSettings/logLevel``
    case logLevel = "log.level"
    /// ``NodeSettings/logFormat``
    case logFormat = "log.format"
    /// ``NodeSettings/archiveSizeLimit``
    case archiveSizeLimit = "archive.size_limit"
    /// ``NodeSettings/diskReserve``
    case diskReserve = "archive.disk_reserve"
    /// ``NodeSettings/valuesPerKeyMax``
    case valuesPerKeyMax = "archive.values_per_key"
    /// ``ShareSettings/served``
    case servedShare = "archive.served_share"
    /// ``ShareSettings/retained``
    case retainedShare = "archive.retained_share"
    /// ``ShareSettings/history``
    case historyShare = "archive.history_share"
    /// ``ShareSettings/floors``
    case floorsShare = "archive.floors_share"
    /// ``ShareSettings/evidence``
    case evidenceShare = "archive.evidence_share"
    /// ``RetentionSettings/published``
    case retainPublished = "archive.retain_published"
    /// ``RetentionSettings/pinned``
    case retainPinned = "archive.retain_pinned"
    /// ``RetentionSettings/signed``
    case retainSigned = "archive.retain_signed"
    /// ``RetentionSettings/unsigned``
    case retainUnsigned = "archive.retain_unsigned"
    /// ``NodeSettings/journalKeep``
    case journalKeep = "archive.journal_keep"
    /// ``NodeSettings/relaxedDurability``
    case relaxedDurability = "archive.relaxed_durability"
    /// ``NodeSettings/scrubRate``
    case scrubRate = "archive.scrub_rate"
    /// ``UpkeepSettings/enabled``
    case upkeepEnabled = "upkeep.enabled"
    /// ``UpkeepSettings/interval``
    case upkeepInterval = "upkeep.interval"
    /// ``UpkeepSettings/lifetime``
    case upkeepLifetime = "upkeep.lifetime"
    /// ``UpkeepSettings/packetsPerSecond``
    case upkeepPacketsPerSecond = "upkeep.packets_per_second"
    /// ``UpkeepSettings/servedFor``
    case servedFor = "upkeep.served_for"
    /// ``NodeSettings/peerLimit``
    case peerLimit = "peer_limit"
    /// ``NodeSettings/limitsLocalNetworks``
    case limitsLocalNetworks = "limit_local_networks"
    /// ``NodeSettings/threads``
    case threads
    /// ``HTTPSettings/listen``
    case httpListen = "http.listen"
    /// ``HTTPSettings/readsNeedKey``
    case httpReadsNeedKey = "http.reads_need_key"
    /// ``HTTPSettings/hosts``
    case httpHosts = "http.hosts"
    /// ``HTTPSettings/origins``
    case httpOrigins = "http.origins"
    /// ``HTTPSettings/groupReads``
    case httpGroupReads = "http.group_reads"

    /// The section and the name in it, or the name alone.
    var path: [String] { rawValue.split(separator: ".").map(String.init) }

    /// The section of the file that the setting stands in; `nil` where it stands outside of all.
    var section: String? { path.count > 1 ? path.first : nil }

    /// The environment variable that sets it, such as `BRISTLECONE_ARCHIVE_SIZE_LIMIT`.
    package var environmentVariable: String {
        SettingName.environmentPrefix + rawValue.uppercased().replacing(".", with: "_")
    }

    /// What the names of all our environment variables begin with.
    static let environmentPrefix = "BRISTLECONE_"

    /// The flag of the command line that sets it; `nil` for what has none.
    package var flag: String? {
        switch self {
        case .data: "--data"
        case .listen: "--listen"
        case .peers: "--peer"
        case .bootstrapEnabled: "--no-bootstrap"
        case .logLevel: "--log-level"
        case .logFormat, .bootstrapServers, .archiveSizeLimit, .diskReserve, .valuesPerKeyMax, .servedShare,
            .retainedShare,
            .historyShare, .floorsShare, .evidenceShare, .retainPublished, .retainPinned, .retainSigned,
            .retainUnsigned, .journalKeep, .relaxedDurability, .scrubRate, .upkeepEnabled, .upkeepInterval,
            .upkeepLifetime,
            .upkeepPacketsPerSecond, .servedFor, .callsLocalNetwork, .peerLimit, .limitsLocalNetworks,
            .threads, .httpListen, .httpReadsNeedKey, .httpHosts, .httpOrigins, .httpGroupReads:
            nil
        }
    }

    /// The form that its value has in the layers, before it is parsed.
    var type: ConfigType {
        switch self {
        case .data, .logLevel, .logFormat, .archiveSizeLimit, .diskReserve: .string
        case .retainPublished, .retainPinned, .retainSigned, .retainUnsigned, .journalKeep: .string
        case .upkeepInterval, .upkeepLifetime, .servedFor: .string
        case .listen, .peers, .bootstrapServers, .httpListen, .httpHosts, .httpOrigins: .stringArray
        case .bootstrapEnabled, .callsLocalNetwork, .limitsLocalNetworks, .relaxedDurability, .upkeepEnabled,
            .httpReadsNeedKey, .httpGroupReads:
            .bool
        case .valuesPerKeyMax, .scrubRate, .upkeepPacketsPerSecond, .peerLimit, .threads: .int
        case .servedShare, .retainedShare, .historyShare, .floorsShare, .evidenceShare: .int
        }
    }

    /// The key that swift-configuration's providers know it by.
    var key: AbsoluteConfigKey { AbsoluteConfigKey(path) }

    /// The names of the file's sections.
    static let sections = Set(allCases.compactMap(\.section))
}
