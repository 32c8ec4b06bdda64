internal import Configuration

extension EffectiveConfiguration: Encodable {
    private enum CodingKeys: String, CodingKey {
        case file, settings
    }

    /// One setting in the JSON form.
    private struct Line: Encodable {
        let content: ConfigContent
        let origin: SettingOrigin

        private enum CodingKeys: String, CodingKey {
            case value, layer, origin
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(origin.layer, forKey: .layer)
            try container.encode(origin == .standard ? nil : origin.description, forKey: .origin)
            switch content {
            case .stringArray(let items): try container.encode(items, forKey: .value)
            case .string(let text): try container.encode(text, forKey: .value)
            case .int(let number): try container.encode(number, forKey: .value)
            case .bool(let truth): try container.encode(truth, forKey: .value)
            case .double, .bytes, .intArray, .doubleArray, .boolArray, .byteChunkArray:
                try container.encodeNil(forKey: .value)
            }
        }
    }

    /// Writes `{"file":…,"settings":{NAME:{"value":…,"layer":…,"origin":…}}}`.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(file, forKey: .file)
        let lines = SettingName.allCases.map { setting in
            (setting.rawValue, Line(content: setting.content(in: settings), origin: origin(of: setting)))
        }
        try container.encode(Dictionary(uniqueKeysWithValues: lines), forKey: .settings)
    }
}
