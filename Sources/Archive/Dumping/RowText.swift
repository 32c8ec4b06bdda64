internal import Foundation
internal import IPv8

/// The two ways in which rows are written.
package enum RowFormat: String, CaseIterable, Sendable {
    /// One JSON object a line.
    case jsonl
    /// Comma-separated values (RFC 4180), with a first line of column names.
    case csv

    /// What comes before the first row.
    package var heading: String {
        switch self {
        case .jsonl: ""
        case .csv: DumpRow.Column.allCases.map(\.rawValue).joined(separator: ",") + "\n"
        }
    }

    /// A row with the end of its line.
    package func line(_ row: DumpRow) -> String {
        switch self {
        case .jsonl:
            return "{" + RowFormat.members(of: row) + "}\n"
        case .csv:
            return DumpRow.Column.allCases.map { row[$0] ?? "" }.joined(separator: ",") + "\n"
        }
    }

    /// The columns of a row as the members of a JSON object.
    static func members(of row: DumpRow) -> String {
        row.values.map { value in
            let text = value.column.isLiteral ? value.text : "\"\(value.text)\""
            return "\"\(value.column.rawValue)\":\(text)"
        }.joined(separator: ",")
    }

    /// Reads a line without its end; `nil` if it is not one. Columns of other names are of no account.
    ///
    /// - Parameter columns: those of a CSV's first line.
    func read(_ line: [UInt8], columns: [DumpRow.Column?]) -> DumpRow? {
        switch self {
        case .jsonl: RowFormat.readObject(line)
        case .csv: RowFormat.readCells(line, columns)
        }
    }

    private static func readObject(_ line: [UInt8]) -> DumpRow? {
        guard let scalars = try? JSONDecoder().decode([String: Scalar].self, from: Data(line)) else { return nil }
        let values = DumpRow.Column.allCases.compactMap { column in
            scalars[column.rawValue]?.text.map { (column: column, text: $0) }
        }
        return DumpRow(values)
    }

    private static func readCells(_ line: [UInt8], _ columns: [DumpRow.Column?]) -> DumpRow? {
        let text = String(decoding: line, as: UTF8.self)
        let cells = text.split(separator: ",", omittingEmptySubsequences: false)
        guard cells.count == columns.count else { return nil }
        return DumpRow(
            zip(columns, cells).compactMap { column, cell in
                // Tools that write CSV may put quotes around what needs none.
                let bare =
                    cell.hasPrefix("\"") && cell.hasSuffix("\"") && cell.count >= 2
                    ? cell.dropFirst().dropLast() : cell
                guard let column, !bare.isEmpty || column == .data else { return nil }
                return (column, String(bare))
            })
    }

    /// The names in the first line of a CSV; `nil` if it is not one.
    static func columns(_ line: [UInt8]) -> [DumpRow.Column?]? {
        let names = String(decoding: line, as: UTF8.self).split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "\"\r")) }
        let columns = names.map { DumpRow.Column(rawValue: $0) }
        // A newer program may have left out any but the first line's own: its header tells its format.
        return columns.contains(.kind) && (columns.contains(.entry) || columns.contains(.format)) ? columns : nil
    }
}

/// A value of a line of JSON, as text.
private struct Scalar: Decodable {
    let text: String?

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            text = nil
        } else if let flag = try? container.decode(Bool.self) {
            text = flag ? "true" : "false"
        } else if let number = try? container.decode(UInt64.self) {
            text = "\(number)"
        } else {
            text = try? container.decode(String.self)
        }
    }
}

/// Reads rows item by item, and refuses lines that are not as they were written: each line, and at the end the number of
/// items and their root.
package struct RowReader {
    private let input: DumpInput
    private let format: RowFormat
    private let columns: [DumpRow.Column?]
    private let isUnsealed: Bool
    package let header: DumpHeader
    package private(set) var seal: DumpSeal?
    private var tree = MerkleRoot()
    private var lineNumber: Int
    private var check: DumpItemCheck
    private var waiting: DumpItem?

    private static let lineBytesMax = 16_384

    /// Reads the beginning.
    ///
    /// - Parameter isUnsealed: whether lines are taken that somebody has picked or put together: in any order, without the
    ///   first one and the closing one.
    package init(_ input: DumpInput, isUnsealed: Bool) throws(DumpError) {
        self.input = input
        self.isUnsealed = isUnsealed
        var number = 0
        var columns: [DumpRow.Column?] = []
        try RowReader.skipByteOrderMark(input)
        try RowReader.skipBlankLines(input, &number)
        format = try input.peek(1).first == UInt8(ascii: "{") ? .jsonl : .csv
        if format == .csv {
            guard let line = try input.readLine(bytesMax: RowReader.lineBytesMax), let names = RowFormat.columns(line)
            else { throw .notADump }
            columns = names
            number += 1
        }
        let firstNumber = number
        self.columns = columns
        guard let first = try RowReader.content(input, format, columns, &number) else {
            throw isUnsealed ? .notADump : .unsealed(lines: number)
        }
        lineNumber = number
        switch first {
        case .header(let header): self.header = header
        case .item(let item) where isUnsealed:
            header = DumpHeader()
            waiting = item
        case .item, .end:
            throw format == .jsonl && firstNumber == 0 && number == 1
                ? .notADump : .badLine(number, detail: "no header")
        }
        check = DumpItemCheck(header, isUnordered: isUnsealed)
        tree.add(tree.hash(ofLeaf: header.bytes))
    }

    /// The next item; `nil` at the end.
    package mutating func next() throws(DumpError) -> DumpItem? {
        guard seal == nil else { return nil }
        var content = waiting.map { DumpRow.Content.item($0) }
        waiting = nil
        if content == nil { content = try RowReader.content(input, format, columns, &lineNumber) }
        switch content {
        case .item(let item)?: return try take(item)
        case .header?: throw .badLine(lineNumber, detail: "a second header")
        case .end(let said)?:
            try close(said)
            return nil
        case nil:
            guard isUnsealed else { throw .unsealed(lines: lineNumber) }
            seal = DumpSeal(closing: &tree, of: header, leftOut: 0)
            return nil
        }
    }

    /// How many leaves have been read, including the header but not the closing leaf.
    package var leafCount: Int { seal.map { $0.items + 1 } ?? tree.count }

    private mutating func take(_ item: DumpItem) throws(DumpError) -> DumpItem {
        if let fault = check.fault(of: item) {
            throw .badLine(lineNumber, detail: "its \(item.kind.name) is not allowed: \(fault)")
        }
        tree.add(tree.hash(ofLeaf: item.bytes))
        return item
    }

    private mutating func close(_ said: DumpSeal) throws(DumpError) {
        guard header.hasClosing == (said.leftOut != nil) || isUnsealed else {
            throw .badLine(lineNumber, detail: "it does not close a dump of format \(header.format)")
        }
        let found = DumpSeal(closing: &tree, of: header, leftOut: said.leftOut ?? 0)
        guard isUnsealed || found == said else {
            throw .badLine(lineNumber, detail: "the lines before it have another root")
        }
        try RowReader.skipBlankLines(input, &lineNumber)
        guard try input.peek(1).isEmpty else { throw .trailing(at: input.offset) }
        seal = found
    }

    private static func content(
        _ input: DumpInput, _ format: RowFormat, _ columns: [DumpRow.Column?], _ number: inout Int
    ) throws(DumpError) -> DumpRow.Content? {
        try skipBlankLines(input, &number)
        guard var line = try input.readLine(bytesMax: lineBytesMax) else { return nil }
        number += 1
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let row = format.read(line, columns: columns)
        if let newer = row?.newerFormat { throw .newerFormat(found: newer, supported: DumpHeader.format) }
        guard let content = row?.content else {
            if number == 1 { throw .notADump }
            throw .badLine(number, detail: "it is none that export writes")
        }
        return content
    }

    /// Some editors and spreadsheets write a mark before the first character, which is not a part of the text.
    private static func skipByteOrderMark(_ input: DumpInput) throws(DumpError) {
        let start = try input.peek(3)
        if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) { throw .otherEncoding("UTF-16") }
        if start.elementsEqual([0xEF, 0xBB, 0xBF]) { _ = try input.read(3) }
    }

    /// Lines without anything in them, which editors leave, say nothing.
    private static func skipBlankLines(_ input: DumpInput, _ number: inout Int) throws(DumpError) {
        while true {
            let start = try input.peek(2)
            if start.first == UInt8(ascii: "\n") {
                _ = try input.read(1)
            } else if start.elementsEqual([UInt8(ascii: "\r"), UInt8(ascii: "\n")]) {
                _ = try input.read(2)
            } else {
                return
            }
            number += 1
        }
    }
}
