package import Bristlecone
internal import HTTPTypes

/// Settings to change, by name.
package struct SettingsRequest: Codable, Sendable, Equatable {
    package var values: [String: SettingValue]

    package init(_ values: [String: SettingValue]) { self.values = values }

    package init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: SettingValue].self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }
}

extension SettingsRequest: SchemaDescribed {
    static var schema: Schema {
        .object(
            SettingName.allCases.filter { $0.change == .atOnce }.map { setting in
                Schema.Member(
                    name: setting.rawValue, schema: Schema.of(setting.value(in: NodeSettings())), isOptional: true)
            })
    }
    static var example: SettingsRequest { SettingsRequest([:]) }
}

extension SettingValue: SchemaDescribed {
    static var schema: Schema { .oneOf([.anyText, .integer(nil), .boolean, .array(.anyText)]) }
    static var example: SettingValue { .text("") }
}

extension Schema {
    fileprivate static func of(_ value: SettingValue) -> Schema {
        switch value {
        case .text: .anyText
        case .number: .integer(nil)
        case .truth: .boolean
        case .list: .array(.anyText)
        }
    }
}

extension Operations {
    package static let settings = Operation<Nothing, Nothing, ConfigurationReport>(
        "settings", .get, "/settings",
        "Every setting with the value that the node uses, where it comes from, and whether it can change at once."
    ) { api, _, _, _ in api.configuration.report }

    package static let changeSettings = Operation<Nothing, SettingsRequest, ConfigurationChange>(
        "change_settings", .patch, "/settings",
        "Changes settings until the node stops or reads its configuration again. If one value is wrong, none is used.",
        access: .write, audit: { _, _, change in change.sentences }
    ) { api, _, request, _ in try api.configuration.set(request.values) }

    package static let reloadSettings = Operation<Nothing, Nothing, ConfigurationChange>(
        "reload_settings", .post, "/settings/reload",
        "Reads the configuration again, uses what can change at once, and tells what needs a restart. If something in it is "
            + "wrong, nothing changes.", access: .write,
        audit: { _, _, change in "Read the configuration. \(change.sentences)" }
    ) { api, _, _, _ in
        do throws(ConfigurationError) {
            return try api.configuration.reload()
        } catch {
            throw NodeError(.configurationWrong, error.sentence)
        }
    }
}
