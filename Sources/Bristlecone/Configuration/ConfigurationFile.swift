internal import Configuration
internal import Glibc
internal import Platform
internal import SystemPackage
internal import Yams

/// A configuration file that was read: the settings in it, where each stands, and what is wrong with it.
///
/// The file is a mapping of settings and of sections, which are mappings of settings. A section may be empty, and a
/// setting in a section may also be written `section.setting`.
struct ConfigurationFile {
    /// The path as it was given.
    let path: String
    /// What each setting in the file was given, in the form of its type.
    private(set) var values: [SettingName: ConfigContent] = [:]
    /// What is wrong, by lines.
    private(set) var problems: [ConfigurationProblem] = []

    /// The line of each setting, and the lines of the items where its value is a list.
    private var lines: [SettingName: (name: Int, items: [Int])] = [:]

    /// Far more than any file that somebody wrote.
    static let bytesMax = 1 << 20

    /// Reads a file; `nil` where there is none.
    init?(readingFrom path: String) {
        let bytes: [UInt8]
        do {
            bytes = try OpenFile(path, flags: O_RDONLY).read(bytesMax: ConfigurationFile.bytesMax)
        } catch  where error == .noSuchFileOrDirectory || error == .notDirectory {
            return nil
        } catch {
            self.init(
                unusable: path, "The file cannot be read: \(error.reason).", "Name a text file that this user may read."
            )
            return
        }
        guard bytes.count <= ConfigurationFile.bytesMax, let text = String(validating: bytes, as: UTF8.self) else {
            self.init(unusable: path, "This is not a configuration file.", "Name a text file (YAML, UTF-8).")
            return
        }
        self.init(path: path, text: text)
    }

    private init(unusable path: String, _ message: String, _ remedy: String) {
        self.path = path
        problems = [ConfigurationProblem(origin: .file(path: path, line: 1), message: message, remedy: remedy)]
    }

    /// Reads the text of a file that has a path.
    init(path: String, text: String) {
        self.path = path
        do {
            guard let root = try Yams.compose(yaml: text), root.null == nil else { return }
            guard let settings = root.mapping else {
                add(root.line, "This is no list of settings.", "Write lines like \"threads: 4\".")
                return
            }
            readTop(settings)
        } catch {
            addSyntax(error, in: text)
        }
    }

    /// Where a setting, or an item of its list, stands.
    func origin(of setting: SettingName, item: Int? = nil) -> SettingOrigin {
        guard let place = lines[setting] else { return .file(path: path, line: 1) }
        let items = place.items
        return .file(path: path, line: item.flatMap { items.indices.contains($0) ? items[$0] : nil } ?? place.name)
    }

    private mutating func readTop(_ mapping: Yams.Node.Mapping) {
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            guard SettingName.sections.contains(name) else {
                read(name, key.line, value)
                continue
            }
            if let section = value.mapping {
                for (key, value) in section { read("\(name).\(key.scalar?.string ?? "")", key.line, value) }
            } else if value.null == nil {
                let example = SettingName.allCases.first { $0.section == name }?.path.last ?? ""
                add(
                    key.line, "\(name) is a section and has no value of its own.",
                    "Write its settings below it and indented, such as \"  \(example): …\".")
            }
        }
    }

    private mutating func read(_ name: String, _ line: Int, _ value: Yams.Node) {
        guard let setting = SettingName(rawValue: name) else {
            let nearest = Spelling.nearest(to: name, among: SettingName.allCases.map(\.rawValue))
            add(
                line, "There is no setting \(quoted(name)).",
                nearest.map { "Did you mean \($0)?" } ?? "Remove it; \"bristlecone config show\" lists all there are.")
            return
        }
        if let earlier = lines[setting] {
            add(line, "\(name) is already set in line \(earlier.name).", "Remove one of the two.")
            return
        }
        lines[setting] = (line, value.sequence?.map(\.line) ?? [])
        guard value.null == nil else {
            let none = setting.type == .stringArray ? "Write [] for none, or r" : "R"
            add(line, "\(name) has no value.", "\(none)emove the line to get the default.")
            return
        }
        if let content = content(of: value, for: setting) {
            values[setting] = content
        } else {
            let fault = ValueFault.wrongType(value.scalar?.string ?? "…", for: setting)
            add(line, "\(name): \(fault.message)", fault.remedy)
        }
    }

    /// The value in the form of the setting's type; `nil` where it has another one. A single text will do for a list.
    ///
    /// Numbers are read as on the command line, because the rules of YAML 1.1 surprise: 010 would be 8, and 1:30 would be 90.
    private func content(of value: Yams.Node, for setting: SettingName) -> ConfigContent? {
        switch setting.type {
        case .int: return value.scalar.flatMap { Int($0.string) }.map(ConfigContent.int)
        case .bool: return value.bool.map(ConfigContent.bool)
        case .stringArray:
            guard let items = value.sequence else { return value.scalar.map { .stringArray([$0.string]) } }
            let texts = items.compactMap { $0.scalar?.string }
            return texts.count == items.count ? .stringArray(texts) : nil
        default: return value.scalar.map { .string($0.string) }
        }
    }

    private mutating func add(_ line: Int, _ message: String, _ remedy: String) {
        problems.append(
            ConfigurationProblem(origin: .file(path: path, line: line), message: message, remedy: remedy))
    }

    private mutating func addSyntax(_ error: any Error, in text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            let line = lines.indices.contains(mark.line - 1) ? lines[mark.line - 1] : ""
            add(mark.line, "This is not YAML: \(problem).", ConfigurationFile.remedy(for: line))
        case YamlError.duplicatedKeysInMapping(let names, let context):
            let name = names.sorted().first ?? ""
            // The parser tells where the mapping begins; the name's last appearance is the one too many.
            let last = lines.lastIndex { $0.drop { $0 == " " }.hasPrefix("\(name):") }
            add(last.map { $0 + 1 } ?? context.mark.line, "\(quoted(name)) is there twice.", "Remove one of the two.")
        default:
            add(1, "This is not YAML that can be read.", "Write it again from the default file.")
        }
    }

    /// What to do about a line that is not YAML.
    private static func remedy(for line: Substring) -> String {
        if line.prefix(while: \.isWhitespace).contains("\t") { return "Indent with spaces: YAML takes no tabs." }
        if line.contains("["), line.contains("]:") {
            return "Write an IPv6 address between quotation marks, such as \"[::]:8090\"."
        }
        return
            "Compare it and the line before with the file that \"bristlecone config show --default-file\" prints."
    }
}

extension Yams.Node {
    /// The line that it begins in, counted from 1.
    fileprivate var line: Int { mark?.line ?? 1 }
}
