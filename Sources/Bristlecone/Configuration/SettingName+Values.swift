internal import Configuration
internal import IPv8
internal import Logging

/// Why a value cannot be a setting's, and what to do about it.
struct ValueFault: Error, Equatable {
    /// Which item of a list is meant, counted from 0; `nil` for the value as a whole.
    var item: Int?
    /// What is wrong, a sentence that begins with the value.
    let message: String
    /// What to write instead, a sentence.
    let remedy: String
}

extension SettingName {
    /// The setting's value, in the form that the layers have.
    func content(in settings: NodeSettings) -> ConfigContent {
        switch self {
        case .data: .string(settings.dataFolder)
        case .listen: .stringArray(settings.listen.map(\.description))
        case .peers: .stringArray(settings.peers.map(\.description))
        case .bootstrapEnabled: .bool(settings.bootstrap)
        case .bootstrapServers: .stringArray(settings.bootstrapServers.map(\.description))
        case .callsLocalNetwork: .bool(settings.callsLocalNetwork)
        case .peerLimit: .int(settings.peerLimit)
        case .limitsLocalNetworks: .bool(settings.limitsLocalNetworks)
        case .logLevel: .string(settings.logLevel.rawValue)
        case .logFormat: .string(settings.logFormat.rawValue)
        case .archiveSizeLimit: .string(settings.archiveSizeLimit.description)
        case .diskReserve: .string(settings.diskReserve.description)
        case .valuesPerKeyMax: .int(settings.valuesPerKeyMax)
        case .servedShare: .int(settings.shares.served)
        case .retainedShare: .int(settings.shares.retained)
        case .historyShare: .int(settings.shares.history)
        case .floorsShare: .int(settings.shares.floors)
        case .evidenceShare: .int(settings.shares.evidence)
        case .retainPublished: .string(settings.retention.published.description)
        case .retainPinned: .string(settings.retention.pinned.description)
        case .retainSigned: .string(settings.retention.signed.description)
        case .retainUnsigned: .string(settings.retention.unsigned.description)
        case .journalKeep: .string(settings.journalKeep.description)
        case .relaxedDurability: .bool(settings.relaxedDurability)
        case .scrubRate: .int(settings.scrubRate)
        case .upkeepEnabled: .bool(settings.upkeep.enabled)
        case .upkeepInterval: .string(settings.upkeep.interval.description)
        case .upkeepLifetime: .string(settings.upkeep.lifetime.description)
        case .upkeepPacketsPerSecond: .int(settings.upkeep.packetsPerSecond)
        case .servedFor: .string(settings.upkeep.servedFor.description)
        case .threads: .int(settings.threads)
        case .httpListen: .stringArray(settings.http.listen.map(\.description))
        case .httpReadsNeedKey: .bool(settings.http.readsNeedKey)
        case .httpHosts: .stringArray(settings.http.hosts)
        case .httpOrigins: .stringArray(settings.http.origins)
        case .httpGroupReads: .bool(settings.http.groupReads)
        }
    }

    /// Parses a value of a layer and sets it; answers what is wrong with it, or nothing.
    func assign(_ content: ConfigContent, to settings: inout NodeSettings) -> [ValueFault] {
        switch (self, content) {
        case (.data, .string(let text)):
            guard !text.isEmpty else { return [.noFolder] }
            settings.dataFolder = text
        case (.listen, .stringArray(let texts)):
            return parse(texts, into: &settings.listen, Self.listenAddress)
        case (.peers, .stringArray(let texts)):
            return parse(texts, into: &settings.peers, Self.peerAddress)
        case (.bootstrapEnabled, .bool(let truth)): settings.bootstrap = truth
        case (.bootstrapServers, .stringArray(let texts)):
            return parse(texts, into: &settings.bootstrapServers, Self.server)
        case (.callsLocalNetwork, .bool(let truth)): settings.callsLocalNetwork = truth
        case (.peerLimit, .int(let number)): return set(&settings.peerLimit, to: number, within: 0...10_000)
        case (.limitsLocalNetworks, .bool(let truth)): settings.limitsLocalNetworks = truth
        case (.logLevel, .string(let text)):
            guard let level = Logger.Level(rawValue: text.lowercased()) else { return [.logLevel(text)] }
            settings.logLevel = level
        case (.logFormat, .string(let text)):
            guard let format = LogFormat(rawValue: text.lowercased()) else { return [.logFormat(text)] }
            settings.logFormat = format
        case (.archiveSizeLimit, .string(let text)):
            return parse(text, into: &settings.archiveSizeLimit, within: Self.archiveSizeRange)
        case (.diskReserve, .string(let text)):
            return parse(text, into: &settings.diskReserve, within: Self.diskReserveRange)
        case (.valuesPerKeyMax, .int(let number)):
            return set(&settings.valuesPerKeyMax, to: number, within: 8...65536)
        case (.servedShare, .int(let number)): return set(&settings.shares.served, to: number, within: 1...96)
        case (.retainedShare, .int(let number)): return set(&settings.shares.retained, to: number, within: 1...96)
        case (.historyShare, .int(let number)): return set(&settings.shares.history, to: number, within: 1...96)
        case (.floorsShare, .int(let number)): return set(&settings.shares.floors, to: number, within: 1...96)
        case (.evidenceShare, .int(let number)): return set(&settings.shares.evidence, to: number, within: 1...96)
        case (.retainPublished, .string(let text)): return parse(text, into: &settings.retention.published)
        case (.retainPinned, .string(let text)): return parse(text, into: &settings.retention.pinned)
        case (.retainSigned, .string(let text)): return parse(text, into: &settings.retention.signed)
        case (.retainUnsigned, .string(let text)): return parse(text, into: &settings.retention.unsigned)
        case (.journalKeep, .string(let text)): return parse(text, into: &settings.journalKeep)
        case (.relaxedDurability, .bool(let truth)): settings.relaxedDurability = truth
        case (.scrubRate, .int(let number)): return set(&settings.scrubRate, to: number, within: 0...100_000)
        case (.upkeepEnabled, .bool(let truth)): settings.upkeep.enabled = truth
        case (.upkeepInterval, .string(let text)):
            return parse(text, into: &settings.upkeep.interval, within: Self.intervalRange)
        case (.upkeepLifetime, .string(let text)):
            return parse(text, into: &settings.upkeep.lifetime, within: Self.lifetimeRange)
        case (.upkeepPacketsPerSecond, .int(let number)):
            return set(&settings.upkeep.packetsPerSecond, to: number, within: 1...100_000)
        case (.servedFor, .string(let text)):
            return parse(text, into: &settings.upkeep.servedFor, within: Self.servedForRange)
        case (.threads, .int(let number)): return set(&settings.threads, to: number, within: 0...256)
        case (.httpListen, .stringArray(let texts)):
            return parse(texts, into: &settings.http.listen, Self.httpAddress)
        case (.httpReadsNeedKey, .bool(let truth)): settings.http.readsNeedKey = truth
        case (.httpHosts, .stringArray(let texts)): return parse(texts, into: &settings.http.hosts, Self.hostName)
        case (.httpOrigins, .stringArray(let texts)): return parse(texts, into: &settings.http.origins, Self.origin)
        case (.httpGroupReads, .bool(let truth)): settings.http.groupReads = truth
        default: preconditionFailure("\(rawValue) was read as another type than its own: \(content)")
        }
        return []
    }

    /// The archive's map is 1 TiB, and it needs room beside its values; with less than the lower bound it has room for
    /// nothing.
    private static let archiveSizeRange = ByteSize.mebibytes(16)...ByteSize.gibibytes(900)
    private static let diskReserveRange = ByteSize(bytes: 0)...ByteSize.gibibytes(1 << 20)

    private func parse<Item>(
        _ texts: [String], into items: inout [Item], _ parseItem: (String) throws(ValueFault) -> Item
    ) -> [ValueFault] {
        var parsed: [Item] = []
        var faults: [ValueFault] = []
        for (index, text) in texts.enumerated() {
            do {
                parsed.append(try parseItem(text))
            } catch {
                var fault = error
                fault.item = index
                faults.append(fault)
            }
        }
        if faults.isEmpty { items = parsed }
        return faults
    }

    private static func listenAddress(_ text: String) throws(ValueFault) -> Address {
        guard let address = Address(text) else { throw .address(text, example: "0.0.0.0:8090 or [::]:8090") }
        guard address.host.isUnspecified || address.host.isUnicast else { throw .notUnicast(text) }
        return address
    }

    private static func httpAddress(_ text: String) throws(ValueFault) -> Address {
        guard let address = Address(text) else { throw .address(text, example: "127.0.0.1:8085 or [::1]:8085") }
        guard address.host.isUnspecified || address.host.isUnicast else { throw .notUnicast(text) }
        return address
    }

    private static func hostName(_ text: String) throws(ValueFault) -> String {
        let isName = text.utf8.allSatisfy { byte in
            let scalar = UnicodeScalar(byte)
            return scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "-._".unicodeScalars.contains(scalar))
        }
        guard isName, !text.isEmpty else { throw .hostName(text) }
        return text
    }

    private static func origin(_ text: String) throws(ValueFault) -> String {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "http:" || parts[0] == "https:", parts[1].isEmpty, !parts[2].isEmpty else {
            throw .origin(text)
        }
        return text
    }

    private static func peerAddress(_ text: String) throws(ValueFault) -> Address {
        guard let address = Address(text) else { throw .address(text, example: "192.0.2.1:8090 or [2001:db8::1]:8090") }
        guard address.isReachable else { throw .notReachable(text) }
        return address
    }

    private static func server(_ text: String) throws(ValueFault) -> BootstrapServer {
        guard let server = BootstrapServer(text) else { throw .server(text) }
        return server
    }

    private func parse(
        _ text: String, into size: inout ByteSize, within range: ClosedRange<ByteSize>
    ) -> [ValueFault] {
        guard let parsed = ByteSize(text) else { return [.size(text)] }
        return set(&size, to: parsed, within: range)
    }

    /// Values have to be stored again before they expire; much more often would be a burden to others.
    private static let intervalRange = TimeSpan(seconds: 5)...TimeSpan(seconds: 55 * 60)
    private static let lifetimeRange = TimeSpan(seconds: 0)...TimeSpan(seconds: 24 * 3600)
    private static let servedForRange = TimeSpan(seconds: 10)...TimeSpan(seconds: 3600)

    private func parse(
        _ text: String, into span: inout TimeSpan, within range: ClosedRange<TimeSpan>
    ) -> [ValueFault] {
        guard let parsed = TimeSpan(text) else { return [.span(text)] }
        return set(&span, to: parsed, within: range)
    }

    private func parse(_ text: String, into span: inout TimeSpan) -> [ValueFault] {
        guard let parsed = TimeSpan(text) else { return [.span(text)] }
        span = parsed
        return []
    }

    private func set<Value: Comparable>(
        _ value: inout Value, to new: Value, within range: ClosedRange<Value>
    ) -> [ValueFault] {
        guard range.contains(new) else {
            return [
                ValueFault(
                    message: "\(new) is out of range.",
                    remedy: "Write a value from \(range.lowerBound) to \(range.upperBound).")
            ]
        }
        value = new
        return []
    }
}

extension ValueFault {
    /// A value of the wrong form.
    static func wrongType(_ text: String, for setting: SettingName) -> ValueFault {
        switch setting.type {
        case .bool: ValueFault(message: "\(quoted(text)) is neither true nor false.", remedy: "Write true or false.")
        case .int: ValueFault(message: "\(quoted(text)) is not a whole number.", remedy: "Write digits only.")
        case .stringArray:
            ValueFault(message: "\(quoted(text)) is not a list.", remedy: "Write one item a line, each after \"- \".")
        default: ValueFault(message: "\(quoted(text)) is not a single value.", remedy: "Write one text.")
        }
    }

    static let noFolder = ValueFault(message: "The name is empty.", remedy: "Write the path of a folder.")

    static func address(_ text: String, example: String) -> ValueFault {
        ValueFault(
            message: "\(quoted(text)) is not an address with a port.",
            remedy: "Write an IP address (names are not looked up), a colon and a port, such as \(example).")
    }

    static func notUnicast(_ text: String) -> ValueFault {
        ValueFault(
            message: "\(quoted(text)) is not an address that a machine can have.",
            remedy: "Write one of this machine's, or 0.0.0.0 or [::] for all.")
    }

    static func notReachable(_ text: String) -> ValueFault {
        ValueFault(
            message: "No peer can be reached at \(quoted(text)).",
            remedy: "Write a peer's own address and a port from 1 to 65535.")
    }

    static func server(_ text: String) -> ValueFault {
        ValueFault(
            message: "\(quoted(text)) is not a server's name or address with a port.",
            remedy: "Write it like tracker.example.org:6421.")
    }

    static func hostName(_ text: String) -> ValueFault {
        ValueFault(
            message: "\(quoted(text)) is not the name of a machine.",
            remedy: "Write it as in the address of a page, without port, such as node.example.org.")
    }

    static func origin(_ text: String) -> ValueFault {
        ValueFault(
            message: "\(quoted(text)) is not an origin.",
            remedy: "Write the beginning of a page's address, without a path, such as https://status.example.org.")
    }

    static func size(_ text: String) -> ValueFault {
        ValueFault(
            message: "\(quoted(text)) is not an amount of space.", remedy: "Write a number and a unit, such as 50 GiB.")
    }

    static func span(_ text: String) -> ValueFault {
        ValueFault(
            message: "\(quoted(text)) is not a length of time.",
            remedy: "Write a number and a unit, such as 30 days or 12 hours, or forever.")
    }

    static func logFormat(_ text: String) -> ValueFault {
        ValueFault(
            message: "\(quoted(text)) is not a form of log messages.",
            remedy: "Write one of \(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
    }

    static func logLevel(_ text: String) -> ValueFault {
        ValueFault(
            message: "\(quoted(text)) is not a level.",
            remedy: "Write one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
}
