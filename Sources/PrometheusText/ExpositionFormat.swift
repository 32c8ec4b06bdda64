/// The text forms in which Prometheus and others read metrics.
public enum ExpositionFormat: Sendable, CaseIterable {
    /// Prometheus text format 0.0.4, which everything reads.
    case text
    /// OpenMetrics 1.0.
    case openMetrics

    public var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The format that a client prefers, by the value of its header `Accept`: OpenMetrics if it asks for version 1 by name
    /// and wants it at least as much as plain text.
    public init(accept: String?) {
        var quality: [ExpositionFormat: Double] = [:]
        for range in (accept ?? "").split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.trimmed.lowercased() }
            let parameters = parts.dropFirst()
            let format: ExpositionFormat? =
                switch parts.first {
                case "application/openmetrics-text"
                where !parameters.contains { $0.hasPrefix("version=") && !$0.hasPrefix("version=1.") }:
                    .openMetrics
                case "text/plain", "text/*", "*/*": .text
                default: nil
                }
            guard let format else { continue }
            let weight = parameters.first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            quality[format] = max(quality[format] ?? 0, weight)
        }
        let openMetrics = quality[.openMetrics] ?? 0
        self = openMetrics > 0 && openMetrics >= quality[.text] ?? 0 ? .openMetrics : .text
    }

    /// The metrics as text, in the order that they are given in.
    public func text(of families: [MetricFamily]) -> String {
        var text = ""
        for family in families { write(family, to: &text) }
        if self == .openMetrics { text += "# EOF\n" }
        return text
    }

    private func write(_ family: MetricFamily, to text: inout String) {
        let description = family.description
        let name = self == .openMetrics ? description.name : description.queriedName
        text += "# HELP \(name) \(escaped(description.help, quotes: self == .openMetrics))\n"
        text += "# TYPE \(name) \(typeName(of: description.kind))\n"
        if self == .openMetrics, let unit = description.unit { text += "# UNIT \(name) \(unit)\n" }
        for sample in family.samples {
            let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
            switch sample.value {
            case .count(let count): text += line(description.queriedName, labels, String(count))
            case .number(let number): text += line(description.queriedName, labels, numeral(number))
            case .histogram(let counts, let sum):
                var total = 0
                for (count, bound) in zip(counts, description.bounds + [.infinity]) {
                    total += count
                    let labels = labels + ["le=\"\(numeral(bound))\""]
                    text += line(description.name + "_bucket", labels, String(total))
                }
                text += line(description.name + "_sum", labels, numeral(sum))
                text += line(description.name + "_count", labels, String(total))
            }
        }
    }

    private func typeName(of kind: MetricDescription.Kind) -> String {
        // The older format has no type for information.
        self == .text && kind == .info ? MetricDescription.Kind.gauge.rawValue : kind.rawValue
    }

    private func line(_ name: String, _ labels: [String], _ value: String) -> String {
        labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels.joined(separator: ","))} \(value)\n"
    }

    private func numeral(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
        return number.description
    }

    private func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

extension Substring {
    /// The text without the white space around it.
    fileprivate var trimmed: Substring {
        var text = drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
