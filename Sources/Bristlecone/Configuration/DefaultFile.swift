internal import Configuration

/// The configuration file that a new data folder gets: every setting with what it is for and its default, none of them
/// set.
package enum DefaultFile {
    /// The file's name in the data folder, where it is read without being asked for.
    package static let name = "bristlecone.yaml"

    /// The file's text, which follows from the settings' documentation and their defaults.
    package static var text: String {
        var lines = header
        var section: String?
        for setting in SettingName.allCases {
            if setting.section != section {
                section = setting.section
                lines += section.map { ["", "\($0):"] } ?? []
            }
            lines += [""] + entry(setting)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let header = """
        # Configuration of a Bristlecone node (YAML).
        #
        # Every setting is listed with its default and is switched off by the "#" right in front of its name. To change
        # one, remove that "#" and write your value; keep the spaces in front. Then ask: bristlecone config check
        # "bristlecone reload" has a running node read this file again; some settings need a restart.
        #
        # An environment variable overrides this file (archive.size_limit is BRISTLECONE_ARCHIVE_SIZE_LIMIT; items of a
        # list are separated by commas), and a flag of "bristlecone run" overrides both. What holds, and why:
        # bristlecone config show
        """.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)

    /// The setting's documentation and its default, switched off.
    private static func entry(_ setting: SettingName) -> [String] {
        let indent = setting.section == nil ? "" : "  "
        let note = setting.change == .restart ? " Needs a restart." : ""
        let documentation = wrapped(setting.documentation + note, width: lineLength - indent.count - 2).map {
            "\(indent)# \($0)"
        }
        let name = setting.path.last ?? ""
        let lines =
            switch setting.content(in: NodeSettings()) {
            case .stringArray(let items) where items.isEmpty: ["\(name): []"]
            case .stringArray(let items): ["\(name):"] + items.map { "  - \"\($0)\"" }
            case .string(let text): ["\(name): \(text)"]
            case .int(let number): ["\(name): \(number)"]
            case .bool(let truth): ["\(name): \(truth)"]
            case .double, .bytes, .intArray, .doubleArray, .boolArray, .byteChunkArray:
                preconditionFailure("no setting is of the type that \(setting.rawValue) has")
            }
        return documentation + lines.map { "\(indent)#\($0)" }
    }

    private static let lineLength = 100

    private static func wrapped(_ text: String, width: Int) -> [String] {
        text.split(separator: " ").reduce(into: [String]()) { lines, word in
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
    }
}
