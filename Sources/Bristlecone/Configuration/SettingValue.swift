internal import Configuration

/// The value of a setting, as JSON has it.
package enum SettingValue: Sendable, Hashable {
    case text(String)
    case number(Int)
    case truth(Bool)
    case list([String])

    package var line: String {
        switch self {
        case .text(let text): text
        case .number(let number): "\(number)"
        case .truth(let truth): "\(truth)"
        case .list(let items): items.isEmpty ? "(none)" : items.joined(separator: ", ")
        }
    }

    /// The value as texts: one, or as many as its list has items.
    package var texts: [String] { if case .list(let items) = self { items } else { [line] } }
}

extension SettingValue: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let truth = try? container.decode(Bool.self) {
            self = .truth(truth)
        } else if let number = try? container.decode(Int.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else {
            self = .list(try container.decode([String].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .truth(let truth): try container.encode(truth)
        case .list(let items): try container.encode(items)
        }
    }
}

extension SettingName {
    package func value(in settings: NodeSettings) -> SettingValue {
        switch content(in: settings) {
        case .stringArray(let items): .list(items)
        case .string(let text): .text(text)
        case .int(let number): .number(number)
        case .bool(let truth): .truth(truth)
        case .double, .bytes, .intArray, .doubleArray, .boolArray, .byteChunkArray:
            preconditionFailure("no setting is of the type that \(rawValue) has")
        }
    }

    /// The value that words of a command line stand for.
    package func value(of words: [String]) throws(NodeError) -> SettingValue {
        let word = words.first ?? ""
        switch type {
        case .stringArray: return .list(words.filter { !$0.isEmpty })
        case .int: if words.count == 1, let number = Int(word) { return .number(number) }
        case .bool: if words.count == 1, let truth = Bool(word) { return .truth(truth) }
        default: if words.count == 1 { return .text(word) }
        }
        throw NodeError(self, .wrongType(words.joined(separator: " "), for: self))
    }

    /// Sets it to a value; answers what is wrong with the value, or nothing.
    func assign(_ value: SettingValue, to settings: inout NodeSettings) -> [ValueFault] {
        switch (type, value) {
        case (.stringArray, .list(let items)): assign(.stringArray(items), to: &settings)
        case (.stringArray, .text(let text)): assign(.stringArray([text]), to: &settings)
        case (.string, .text(let text)): assign(.string(text), to: &settings)
        case (.int, .number(let number)): assign(.int(number), to: &settings)
        case (.bool, .truth(let truth)): assign(.bool(truth), to: &settings)
        default: [.wrongType(value.line, for: self)]
        }
    }

    package static func named(_ name: String) throws(NodeError) -> SettingName {
        if let setting = SettingName(rawValue: name) { return setting }
        let nearest = Spelling.nearest(to: name, among: allCases.map(\.rawValue))
        throw NodeError(
            .invalidArgument,
            "There is no setting \(quoted(name)). "
                + (nearest.map { "Did you mean \($0)?" } ?? "\"bristlecone config show\" lists all there are."))
    }
}

extension NodeError {
    /// A value that a setting cannot have.
    init(_ setting: SettingName, _ fault: ValueFault) {
        self.init(.invalidArgument, "\(setting.rawValue): \(fault.message) \(fault.remedy)")
    }
}
